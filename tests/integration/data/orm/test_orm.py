"""Models, relationships and sessions for programs of other teams."""

import warnings
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from sqlalchemy import create_engine, inspect, select, text
from sqlalchemy.exc import InternalError, SAWarning
from sqlalchemy.orm.exc import StaleDataError

from groundwork_data import orm
from groundwork_data.orm import (
    Content,
    Document,
    Embedding,
    Entity,
    Job,
    Mention,
    Relationship,
    Source,
    learn_model,
    session,
)
from groundwork_data.orm.sessions import _engine
from groundwork_data.postgres import tables

NO_MODEL = {"alembic_version"}
"""Tables of a library's own."""
PARTITIONS = "SELECT relname FROM pg_class WHERE relispartition"


@pytest.fixture
def url(database_url: str) -> Iterator[str]:
    yield database_url
    _engine(database_url).dispose()


def columns_of_models() -> dict[str, set[str]]:
    return {name: set(table.columns.keys()) for name, table in tables.Row.metadata.tables.items()}


def columns_of_database(url: str) -> dict[str, set[str]]:
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.connect() as connection, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Did not recognize type", category=SAWarning)
        partitions = set(connection.scalars(text(PARTITIONS)))
        there = inspect(connection)
        found = {
            name: {column["name"] for column in there.get_columns(name)}
            for name in set(there.get_table_names()) - partitions - NO_MODEL
        }
    engine.dispose()
    return found


def test_every_table_and_column_has_its_model(database_url: str) -> None:
    assert columns_of_models() == columns_of_database(database_url)
    exported = {model.__tablename__ for model in vars(orm).values() if is_model(model)}
    assert exported == set(columns_of_models())


def is_model(thing: object) -> bool:
    return isinstance(thing, type) and issubclass(thing, tables.Row) and thing is not tables.Row


def test_a_table_and_a_column_without_a_model_are_found(database_url: str) -> None:
    with psycopg.connect(database_url) as owner:
        owner.execute("CREATE TABLE later (id int)")
        owner.execute("ALTER TABLE jobs ADD COLUMN later int")
    found = columns_of_database(database_url)
    assert set(found) - set(columns_of_models()) == {"later"}
    assert found["jobs"] - columns_of_models()["jobs"] == {"later"}


@pytest.fixture
def document(url: str) -> UUID:
    """A document of a source, which says that a person writes about a topic."""
    with session(url, actor="tests/1", access="write") as writing:
        source = Source(
            name="Feed",
            url="https://feed.test/",
            schedule={"kind": "interval", "every_seconds": 900},
        )
        document = Document(source=source, external_id="1", title="One", content_hash="0" * 64)
        person = Entity(name="Ada", type="person", key="ada")
        topic = Entity(name="Looms", type="topic", key="looms")
        edge = Relationship(from_entity=person, to_entity=topic, type="WRITES_ABOUT")
        said = Mention(document=document, revision=1, relationship=edge, evidence="Ada on looms")
        writing.add_all([document, said])
        writing.flush()
        return document.id


def test_relationships_lead_from_a_document_to_what_it_states(url: str, document: UUID) -> None:
    with session(url, actor="tests/1") as reading:
        found = reading.get_one(Document, document)
        assert found.source.name == "Feed"
        (said,) = found.mentions
        assert said.relationship is not None
        assert said.relationship.from_entity.name == "Ada"
        assert [edge.to_entity.name for edge in said.relationship.from_entity.outgoing] == ["Looms"]


def outbox(url: str) -> list[tuple[Any, ...]]:
    with psycopg.connect(url) as owner:
        return owner.execute(
            "SELECT aggregate, kind, version FROM outbox ORDER BY aggregate, id"
        ).fetchall()


def test_a_write_gets_its_version_its_outbox_row_and_its_audit_event(
    url: str, document: UUID
) -> None:
    assert ("documents", "created", 1) in outbox(url)
    with session(url, actor="tests/1", access="write") as writing:
        source = writing.scalars(select(Source)).one()
        source.name = "Renamed"
        writing.flush()
        assert source.version == 2
    assert ("sources", "updated", 2) in outbox(url)
    with psycopg.connect(url) as owner:
        audited = owner.execute(
            "SELECT actor, before ->> 'name', after ->> 'name' FROM audit_events"
            " WHERE action = 'sources.updated'"
        ).fetchall()
    assert audited == [("worker:tests/1", "Feed", "Renamed")]


def test_each_transaction_of_a_session_names_the_actor(url: str, document: UUID) -> None:
    with session(url, actor="tests/1", access="write") as writing:
        writing.scalars(select(Source)).one().name = "A"
        writing.flush()
        with writing.begin_nested():
            writing.scalars(select(Source)).one().name = "B"
    with psycopg.connect(url) as owner:
        audited = owner.execute(
            "SELECT DISTINCT actor FROM audit_events WHERE action = 'sources.updated'"
        ).fetchall()
    assert audited == [("worker:tests/1",)]


def test_a_session_reads_unless_it_is_asked_to_write(url: str, document: UUID) -> None:
    with (
        pytest.raises(InternalError, match="read-only transaction"),
        session(url, actor="tests/1") as reading,
    ):
        reading.get_one(Document, document).title = "Two"
    with session(url, actor="tests/1", access="write") as writing:
        writing.get_one(Document, document).title = "Two"
    with session(url, actor="tests/1") as reading:
        assert reading.get_one(Document, document).title == "Two"


def test_a_failed_block_writes_nothing(url: str, document: UUID) -> None:
    def fail() -> None:
        with session(url, actor="tests/1", access="write") as writing:
            writing.get_one(Document, document).title = "Two"
            writing.flush()
            raise ZeroDivisionError

    before = outbox(url)
    with pytest.raises(ZeroDivisionError):
        fail()
    assert outbox(url) == before


def test_a_version_that_another_has_replaced_is_stale(url: str, document: UUID) -> None:
    def overwrite() -> None:
        with session(url, actor="tests/1", access="write") as writing:
            mine = writing.get_one(Document, document)
            with psycopg.connect(url) as other:
                other.execute("UPDATE documents SET title = 'Theirs'")
            mine.title = "Mine"

    with pytest.raises(StaleDataError):
        overwrite()


def test_vectors_are_lists_of_numbers_and_are_searched(url: str, document: UUID) -> None:
    with session(url, actor="tests/1", access="write") as writing:
        learn_model(writing, "m", 3)
        learn_model(writing, "m", 3)
        content = Content(title="A text")
        writing.add(content)
        writing.flush()
        for kind, subject, vector in (
            ("document", document, [1.0, 0.0, 0.0]),
            ("content", content.id, [0.0, 1.0, 0.0]),
        ):
            writing.add(Embedding(subject_type=kind, subject_id=subject, model="m", vector=vector))
    with session(url, actor="tests/1") as reading:
        distance = Embedding.vector.cosine_distance([0.1, 0.9, 0.0])
        nearest = reading.scalars(select(Embedding).order_by(distance)).all()
        assert [one.subject_type for one in nearest] == ["content", "document"]
        assert nearest[0].vector == [0.0, 1.0, 0.0]
        assert nearest[0].content is not None
        assert nearest[0].content.title == "A text"
        assert [one.model for one in reading.get_one(Document, document).embeddings] == ["m"]


def test_a_job_added_by_the_orm_gets_its_place_in_the_turns(url: str, document: UUID) -> None:
    with session(url, actor="tests/1", access="write") as writing:
        jobs = [Job(kind="summarize", payload={"n": n}) for n in range(2)]
        writing.add_all(jobs)
        writing.flush()
        assert [job.party for job in jobs] == ["worker:tests/1"] * 2
        assert {job.turn_seconds > 0 for job in jobs} == {False, True}


@pytest.mark.parametrize("actor", ["", "x" * 101, "a\nb"])
def test_a_session_without_a_usable_actor_is_refused(actor: str) -> None:
    with pytest.raises(ValueError, match="actor"), session("postgresql://x/y", actor=actor):
        pytest.fail("opened")


def test_the_url_is_that_of_the_environment(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    with session(actor="tests/1") as reading:
        assert reading.get(Document, uuid4()) is None
    monkeypatch.delenv("DATABASE_URL")
    with pytest.raises(ValueError, match="DATABASE_URL"), session(actor="tests/1"):
        pytest.fail("opened")
