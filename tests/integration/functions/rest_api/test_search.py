"""Full-text search in documents and contents: `q`, its order, and its highlights."""

from typing import Any

import pytest

from .conftest import Rest

SCHEDULE = {"kind": "interval", "every_seconds": 900}


@pytest.fixture(scope="module")
def library(shared_rest: Rest) -> Rest:
    source = shared_rest.create(
        "sources", name="S", url="https://search.test/", schedule=SCHEDULE, enabled=False
    ).json["id"]
    for number, (title, language, content) in enumerate(
        (
            ("Pianos", "en", "<p>She was <b>running</b> for the piano shop.</p>"),
            ("Running far", "en-GB", "<p>Miles &amp; miles.</p>"),
            ("Vom Laufen", "de-DE", "<p>Die Häuser laufen nicht. Ein Haus steht.</p>"),
            ("Other", None, "<p>running shoes, unknown tongue</p>"),
            ("Zoo", "en", "<p>An ibis &lt;script&gt;alert(1)&lt;/script&gt; walks</p>"),
            ("Cats and dogs", "en", "<p>The cats chase the dogs.</p>"),
            ("Cats alone", "en", "<p>The cats sleep.</p>"),
        )
    ):
        shared_rest.create(
            "documents",
            source_id=source,
            url=f"https://search.test/{number}",
            title=title,
            language=language,
            content=content,
        )
    return shared_rest


def search(rest: Rest, q: str, resource: str = "documents", **more: str) -> list[dict[str, Any]]:
    reply = rest("GET", f"/api/v1/{resource}", query={"q": q, **more})
    assert reply.status == 200, reply.text
    items: list[dict[str, Any]] = reply.json["items"]
    return items


def titles(rest: Rest, q: str, **more: str) -> list[str]:
    return [one["title"] for one in search(rest, q, **more)]


def test_words_match_in_the_language_of_the_document_best_first(library: Rest) -> None:
    # The title counts more; of equals the newest is first. Without a known language, words match
    # as they are written.
    assert titles(library, "running") == ["Running far", "Other", "Pianos"]
    assert titles(library, "run") == ["Running far", "Pianos"]
    assert titles(library, "Haus") == titles(library, "HÄUSER") == ["Vom Laufen"]


@pytest.mark.parametrize(
    ("q", "found"),
    [
        ("running piano", ["Pianos"]),
        ("piano OR ibis", ["Pianos", "Zoo"]),
        ("cats -dogs", ["Cats alone"]),
        ('"cats chase"', ["Cats and dogs"]),
        ('"chase cats"', []),
        ("unning", ["Running far"]),  # a part of a title
        ("50%", []),
        ("_", []),
        ("\\", []),
        ("is", []),
        ("((' :* & | !", []),
        ("<->", []),
        ("p", ["Pianos"]),  # the title contains it; tags are no words
    ],
)
def test_the_syntax_is_that_of_web_searches(library: Rest, q: str, found: list[str]) -> None:
    assert sorted(titles(library, q)) == found


def test_highlights_are_safe_html(library: Rest) -> None:
    (zoo,) = search(library, "ibis")
    assert zoo["highlights"] == {
        "title": "Zoo",
        "text": "<mark>ibis</mark> &lt;script&gt;alert(1)&lt;/script&gt; walks",
    }
    first = search(library, "running")[0]
    assert first["highlights"]["title"] == "<mark>Running</mark> far"
    assert first["highlights"]["text"].strip() == "Miles &amp; miles."


@pytest.mark.parametrize(
    "body",
    [
        'needle <img src=x onerror=alert(1)> & "quotes"',
        "needle \x01<b>\x02 </mark><script>",
        "<" * 200 + " needle " + ">" * 200,
        "needle &lt;script&gt;",
    ],
)
def test_no_markup_of_a_content_gets_through(library: Rest, body: str) -> None:
    made = library.create("contents", title='A <i>"needle"</i> & more', body=body)
    (found,) = search(library, "needle", "contents")
    for passage in found["highlights"].values():
        plain = passage.replace("<mark>", "").replace("</mark>", "")
        assert not set('<>"') & set(plain)
        assert "<mark>needle</mark>" in passage
    assert "&amp; more" in found["highlights"]["title"]
    library("DELETE", made.location, headers={"If-Match": made.etag})


def test_contents_are_searched_in_the_language_of_their_metadata(library: Rest) -> None:
    german = library.create(
        "contents", title="Eins", body="Die Bäume wachsen", metadata={"language": "de"}
    )
    library.create("contents", title="Zwei", body="Baum", metadata={"language": 7})
    found = search(library, "Baum", "contents")
    assert {one["title"] for one in found} == {"Eins", "Zwei"}
    shown = library("GET", german.location).json
    assert (shown["rank"], shown["highlights"]) == (None, None)
    assert "search" not in shown


def test_pages_follow_the_rank_and_other_sorts_are_possible(library: Rest) -> None:
    whole = titles(library, "running OR cats OR ibis")
    assert len(whole) == 6
    for sort in ("-rank", "rank", "title", "-created_at"):
        walked: list[str] = []
        query = {"q": "running OR cats OR ibis", "limit": "1", "sort": sort}
        while True:
            page = library("GET", "/api/v1/documents", query=query).json
            walked += [one["title"] for one in page["items"]]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert sorted(walked) == sorted(whole)
        assert sort != "-rank" or walked == whole
    refused = library("GET", "/api/v1/documents", query={"sort": "rank"})
    assert (refused.status, refused.pointers) == (422, {"/sort"})


def test_other_filters_narrow_a_search(library: Rest) -> None:
    none = search(library, "running", source_id="0198c0de-0000-7000-8000-000000000000")
    assert none == []


def test_a_text_of_any_length_is_stored_and_found_by_its_beginning(library: Rest) -> None:
    many = " ".join(f"w{number:x}" for number in range(140_000))
    library.create("contents", title="Long", body=f"firstword {many} lastword")
    assert [one["title"] for one in search(library, "firstword", "contents")] == ["Long"]
    assert search(library, "lastword", "contents") == []


def test_neither_the_outbox_nor_the_audit_log_has_search_vectors(rest: Rest) -> None:
    made = rest.create("contents", title="A", body="words")
    rest("PATCH", made.location, {"title": "B"}, headers={"If-Match": made.etag})
    rows = rest.database.rows("SELECT data FROM outbox WHERE aggregate = 'contents'")
    logged = rest.database.rows("SELECT after FROM audit_events WHERE subject_type = 'contents'")
    assert len(rows) == len(logged) == 2
    assert not [row for (row,) in (*rows, *logged) if "search" in row]
