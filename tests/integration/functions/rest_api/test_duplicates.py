"""Near-duplicates over REST, and languages where a source states none."""

import threading
from typing import Any
from uuid import UUID, uuid4

import pytest

from groundwork_core.duplicates.mark_documents import mark_documents
from groundwork_data.languages import detect_language
from groundwork_data.postgres.database import Database
from groundwork_data.postgres.unit_of_work import PostgresUnitOfWork

from .conftest import Reply, Rest

STORY = (
    "The council of the town decided on Tuesday evening to build a new bridge across the river"
    " after years of debate about its cost. Work is to begin in spring and should take two years,"
    " the mayor said after the meeting, which many residents had attended to hear the result."
    " Opponents fear more traffic near the school and want a tunnel instead, while merchants of the"
    " old market hope for customers from villages beyond the hills. Engineers presented drawings,"
    " explained how piles will be driven without harming fish, and promised quiet nights. Money"
    " comes from regional funds, local taxes and a loan that must be repaid within twenty years."
)
GERMAN = (
    "Der Rat der Stadt hat am Dienstagabend nach langer Debatte beschlossen, eine neue Brücke über"
    " den Fluss zu bauen. Die Arbeiten sollen im Frühjahr beginnen und zwei Jahre dauern."
)


@pytest.fixture
def sources(rest: Rest) -> list[str]:
    return [
        rest.create("sources", name=name, url=f"https://{name}.example/").json["id"]
        for name in ("one", "other")
    ]


def document(rest: Rest, source: str, text: str, **fields: Any) -> Reply:
    new = {"source_id": source, "url": f"https://x.example/{uuid4()}", "title": "Bridge", **fields}
    return rest.create("documents", **new, content=f"<p>{text}</p>")


def mark(rest: Rest) -> int:
    work = PostgresUnitOfWork(rest.database)
    return mark_documents(work=work, detect=detect_language, seconds=30)


def test_near_duplicates_across_sources_share_a_cluster(rest: Rest, sources: list[str]) -> None:
    first = document(rest, sources[0], STORY)
    assert first.json["cluster_id"] is None
    second = document(rest, sources[1], STORY.replace("two years", "three years"))
    third = document(rest, sources[1], GERMAN)
    assert mark(rest) == 3
    assert mark(rest) == 0
    shown = [rest("GET", one.location).json["cluster_id"] for one in (first, second, third)]
    assert shown == [first.json["id"], first.json["id"], third.json["id"]]
    listed = rest("GET", "/api/v1/documents", query={"cluster_id": first.json["id"]}).json["items"]
    assert {one["id"] for one in listed} == {first.json["id"], second.json["id"]}
    seen = rest("GET", f"{second.location}/duplicates").json
    assert (seen["cluster_id"], seen["first_seen"]["id"]) == (first.json["id"], first.json["id"])
    assert (seen["first_seen"]["source"], seen["next_cursor"]) == ("one", None)
    assert [one["id"] for one in rest("GET", f"{first.location}/duplicates").json["items"]] == [
        second.json["id"]
    ]
    alone = rest("GET", f"{third.location}/duplicates").json
    assert (alone["items"], alone["first_seen"]["id"]) == ([], third.json["id"])


def test_the_etag_changes_with_the_mark_and_the_version_does_not(
    rest: Rest, sources: list[str]
) -> None:
    made = document(rest, sources[0], STORY)
    before = rest("GET", made.location)
    position = rest.database.rows("SELECT max(id) FROM outbox")
    mark(rest)
    after = rest("GET", made.location)
    assert (before.etag != after.etag, after.json["version"]) == (True, before.json["version"])
    assert rest.database.rows("SELECT max(id) FROM outbox") == position


def test_a_revision_is_compared_again(rest: Rest, sources: list[str]) -> None:
    first, second = (document(rest, source, STORY) for source in sources)
    mark(rest)
    rest.database.rows(
        "UPDATE documents SET content = %s, revision = 2 WHERE id = %s",
        (GERMAN, second.json["id"]),
    )
    assert rest("GET", second.location).json["cluster_id"] is None
    assert mark(rest) == 1
    assert rest("GET", second.location).json["cluster_id"] == second.json["id"]
    assert rest("GET", f"{first.location}/duplicates").json["items"] == []


def test_short_texts_are_never_near_duplicates(rest: Rest, sources: list[str]) -> None:
    made = [document(rest, source, "About us") for source in sources]
    mark(rest)
    assert len({rest("GET", one.location).json["cluster_id"] for one in made}) == 2


def test_the_language_is_detected_only_where_none_is_stated(rest: Rest, sources: list[str]) -> None:
    stated = document(rest, sources[0], GERMAN, language="en")
    silent = document(rest, sources[0], GERMAN + " Zweite Fassung mit anderen Worten.")
    short = document(rest, sources[0], "Kurz")
    mark(rest)
    shown = [rest("GET", one.location).json["language"] for one in (stated, silent, short)]
    assert shown == ["en", "de", None]


def test_two_comparisons_at_once_miss_no_pair(rest: Rest, sources: list[str]) -> None:
    """One compares at a time; the second one returns at once."""
    for source in sources * 5:
        document(rest, source, STORY)
    counts: list[int] = []

    def one() -> None:
        database = Database(rest.url, application_name="test")
        work = PostgresUnitOfWork(database)
        counts.append(mark_documents(work=work, detect=lambda _: None, seconds=20))
        database.close()

    threads = [threading.Thread(target=one) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(counts) == 10
    rows = rest.database.rows("SELECT count(DISTINCT cluster_id) FROM document_marks")
    assert rows == [(1,)]


def test_an_unknown_document_is_404(rest: Rest) -> None:
    assert rest("GET", f"/api/v1/documents/{UUID(int=1)}/duplicates").status == 404
    assert rest("GET", "/api/v1/documents", query={"cluster_id": "x"}).status == 422
