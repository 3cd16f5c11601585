from dataclasses import replace
from typing import Any
from uuid import UUID

from groundwork_client import Document, Job, Source
from groundwork_core.knowledge.read_result import read_result
from groundwork_data.web.hosts import registrable_host
from groundwork_functions.reference_extractor.statements import state

SOURCE = Source(
    id=str(UUID(int=3)),
    name="Source",
    url="https://feeds.example.org/rss",
    title="The Blog",
    site="https://www.example.org/blog/",
)
DOCUMENT = Document(
    id=str(UUID(int=2)),
    source_id=SOURCE.id,
    revision=1,
    url="https://www.example.org/blog/1",
    title="",
    author="Ada Lovelace",
    summary="",
    content="",
    language=None,
    content_hash="",
    authors=("Ada Lovelace", "ada  LOVELACE"),
    categories=("Maths", "Straße"),
    links=(
        "https://en.wikipedia.org/wiki/A",
        "https://de.wikipedia.org/wiki/B",
        "https://cdn.example.org/x",
        "https://someone.github.io/",
        "http://localhost/",
    ),
)


def stated(document: Document = DOCUMENT, source: Source = SOURCE) -> Any:
    return state(document, source, registrable_host=registrable_host).as_json()


def must_keep_the_contract(document: Document) -> None:
    leased = {
        "id": str(UUID(int=1)),
        "kind": "extract",
        "payload": {},
        "attempt": 1,
        "max_attempts": 5,
        "lease_token": str(UUID(int=4)),
    }
    job = Job(leased, None, worker="w/1")  # type: ignore[arg-type]
    read_result(job.result_message(state(document, SOURCE, registrable_host=registrable_host)))


def test_statements_of_a_feed_become_entities_with_keys() -> None:
    found = {(e["type"], e["key"], e["name"]) for e in stated()["entities"]}
    assert found == {
        ("organization", "example.org/blog", "The Blog"),
        ("person", f"{UUID(int=3)}/ada lovelace", "Ada Lovelace"),
        ("topic", "maths", "Maths"),
        ("topic", "strasse", "Straße"),
        ("website", "wikipedia.org", "wikipedia.org"),
        ("website", "someone.github.io", "someone.github.io"),
    }


def test_relationships_have_the_directions_of_the_contract() -> None:
    result = stated()
    names = {e["ref"]: e["name"] for e in result["entities"]}
    found = {(names[r["from"]], r["type"], names[r["to"]]) for r in result["relationships"]}
    assert found == {
        ("Ada Lovelace", "WRITES_FOR", "The Blog"),
        ("Ada Lovelace", "WRITES_ABOUT", "Maths"),
        ("Ada Lovelace", "WRITES_ABOUT", "Straße"),
        ("The Blog", "COVERS", "Maths"),
        ("The Blog", "COVERS", "Straße"),
        ("The Blog", "LINKS_TO", "wikipedia.org"),
        ("The Blog", "LINKS_TO", "someone.github.io"),
    }


def test_every_statement_has_its_provenance_and_the_result_keeps_the_contract() -> None:
    result = stated()
    subjects = [e["ref"] for e in result["entities"]] + [r["ref"] for r in result["relationships"]]
    assert sorted(m["ref"] for m in result["mentions"]) == sorted(subjects)
    must_keep_the_contract(DOCUMENT)


def test_the_link_of_an_entry_to_another_site_is_a_link_too() -> None:
    result = stated(replace(DOCUMENT, url="https://news.example.com/1", links=()))
    assert [e["key"] for e in result["entities"] if e["type"] == "website"] == ["example.com"]


def test_a_feed_that_says_nothing_of_itself_is_still_a_publisher() -> None:
    document = replace(DOCUMENT, author=None, authors=(), categories=(), links=(), url=None)
    source = replace(SOURCE, site=None, title=None)
    assert [(e["key"], e["name"]) for e in stated(document, source)["entities"]] == [
        ("feeds.example.org", "Source")
    ]


def test_endless_names_are_cut_to_what_can_be_stored() -> None:
    must_keep_the_contract(replace(DOCUMENT, categories=("x" * 1_000,), authors=("y" * 990,)))


def test_an_author_is_taken_where_the_feed_lists_none() -> None:
    found = stated(replace(DOCUMENT, authors=()))
    assert [e["name"] for e in found["entities"] if e["type"] == "person"] == ["Ada Lovelace"]
