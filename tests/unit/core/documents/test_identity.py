import random
from datetime import UTC, datetime

import pytest

from groundwork_core.documents.identity import Identity, identify, key_of, renamed
from groundwork_core.documents.model import Entry


def entry(
    guid: str = "", link: str = "", title: str = "", day: int = 0, text: str = "text"
) -> Entry:
    """An entry as the reader makes it: its own id, else its link, is its external id."""
    return Entry(
        external_id=guid or link or f"sha256:{title}{text}",
        url=link or None,
        title=title,
        author=None,
        summary=text,
        content="",
        language=None,
        published_at=datetime(2026, 1, day, tzinfo=UTC) if day else None,
        has_own_id=bool(guid),
    )


GOOD = [entry(f"g{n}", f"https://a.example/{n}", f"Title {n}") for n in range(10)]
ONE_GUID = [entry("g", f"https://a.example/{n}", f"Title {n}") for n in range(3)]
ONE_GUID_ONE_LINK = [entry("g", "https://a.example/", f"Title {n}") for n in range(3)]
ONE_LINK = [entry("", "https://a.example/", f"Title {n}") for n in range(3)]
ONE_TITLE = [entry("", "https://a.example/", "Daily", day=n + 1) for n in range(3)]
NO_TITLE = [entry("", "https://a.example/", text=f"Note {n}") for n in range(3)]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (GOOD, Identity.ID),
        (ONE_GUID, Identity.LINK),
        (ONE_GUID_ONE_LINK, Identity.TITLE),
        (ONE_LINK, Identity.TITLE),
        (ONE_TITLE, Identity.DATE),
        (NO_TITLE, Identity.TEXT),
        ([*GOOD, entry("g1", "https://a.example/other", "Another title")], Identity.LINK),
        ([*GOOD, entry("", "https://b.example/", "1"), entry("", "https://b.example/", "2")],
         Identity.TITLE),
        ([], Identity.ID),
    ],
)  # fmt: skip
def test_a_feeds_identity_has_the_parts_that_distinguish_its_entries(
    entries: list[Entry], expected: Identity
) -> None:
    found = identify(entries, Identity.ID)
    assert (found.identity, found.repeated) == (expected, 0)
    assert len({one.external_id for one in found.entries}) == len(entries)


def test_few_entries_with_one_guid_and_one_link_are_versions_and_the_latest_is_kept() -> None:
    older, newer = (entry("g1", "https://a.example/1", f"Version {day}", day) for day in (1, 2))
    found = identify([older, *GOOD[2:], newer], Identity.ID)
    assert (found.identity, found.repeated) == (Identity.ID, 1)
    assert newer in found.entries
    assert older not in found.entries


def test_an_entry_that_is_listed_twice_with_another_link_is_one() -> None:
    found = identify([*GOOD, entry("g1", "https://a.example/1?utm_source=x", "Title 1")],
                     Identity.ID)  # fmt: skip
    assert (found.identity, found.repeated) == (Identity.ID, 1)


@pytest.mark.parametrize(
    "entries",
    [GOOD, ONE_GUID, ONE_LINK, ONE_TITLE, NO_TITLE, [*GOOD, *GOOD[:3]],
     [*GOOD, entry("g1", "https://a.example/1", "Other", text="a"),
      entry("g1", "https://a.example/1", "Other", text="b")]],
)  # fmt: skip
def test_the_order_of_entries_changes_nothing(entries: list[Entry]) -> None:
    expected = identify(entries, Identity.ID)
    for seed in range(10):
        shuffled = random.Random(seed).sample(entries, len(entries))  # noqa: S311 - a test's
        found = identify(shuffled, Identity.ID)
        assert (found.identity, found.repeated) == (expected.identity, expected.repeated)
        assert set(found.entries) == set(expected.entries)


def test_a_feed_that_once_needed_more_parts_keeps_them() -> None:
    assert identify(ONE_GUID[:1], Identity.LINK).identity is Identity.LINK
    assert identify(GOOD, Identity.DATE).identity is Identity.DATE


def test_a_stored_document_goes_to_the_entry_that_is_most_like_it() -> None:
    stored = {"g": ("https://a.example/1", "Title 1", "")}
    new = renamed(stored, ONE_GUID, Identity.ID, Identity.LINK)
    assert new == {"g": key_of(ONE_GUID[1], Identity.LINK)}
    assert renamed({"gone": ("", "", "")}, ONE_GUID, Identity.ID, Identity.LINK) == {}
