from dataclasses import replace
from typing import Any
from uuid import UUID

from groundwork_core.documents.facts import DocumentFacts
from groundwork_core.knowledge.model import ExtractionResult
from groundwork_data.web.hosts import registrable_host
from groundwork_functions.reference_extractor.statements import state

JOB = UUID(int=1)
FACTS = DocumentFacts(
    document_id=UUID(int=2),
    revision=1,
    source_id=UUID(int=3),
    source_name="Source",
    source_url="https://feeds.example.org/rss",
    site="https://www.example.org/blog/",
    feed_title="The Blog",
    url="https://www.example.org/blog/1",
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


def stated(facts: DocumentFacts) -> Any:
    return state(facts, job_id=JOB, attempt=1, registrable_host=registrable_host)


def test_what_a_feed_states_becomes_entities_with_their_keys() -> None:
    found = {(e["type"], e["key"], e["name"]) for e in stated(FACTS)["entities"]}
    assert found == {
        ("organization", "example.org/blog", "The Blog"),
        ("person", f"{UUID(int=3)}/ada lovelace", "Ada Lovelace"),
        ("topic", "maths", "Maths"),
        ("topic", "strasse", "Straße"),
        ("website", "wikipedia.org", "wikipedia.org"),
        ("website", "someone.github.io", "someone.github.io"),
    }


def test_relationships_go_the_way_the_contract_says() -> None:
    result = stated(FACTS)
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
    result = stated(FACTS)
    subjects = [e["ref"] for e in result["entities"]] + [r["ref"] for r in result["relationships"]]
    assert sorted(m["ref"] for m in result["mentions"]) == sorted(subjects)
    ExtractionResult.model_validate(result)


def test_the_link_of_an_entry_to_another_site_is_a_link_too() -> None:
    result = stated(replace(FACTS, url="https://news.example.com/1", links=()))
    assert [e["key"] for e in result["entities"] if e["type"] == "website"] == ["example.com"]


def test_a_feed_that_says_nothing_of_itself_is_still_a_publisher() -> None:
    bare = replace(FACTS, site=None, feed_title="", authors=(), categories=(), links=(), url=None)
    assert [(e["key"], e["name"]) for e in stated(bare)["entities"]] == [
        ("feeds.example.org", "Source")
    ]


def test_endless_names_are_cut_to_what_can_be_stored() -> None:
    ExtractionResult.model_validate(
        stated(replace(FACTS, categories=("x" * 1_000,), authors=("y" * 990,)))
    )
