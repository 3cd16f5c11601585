"""The changes of the graph that a batch of outbox rows makes."""

from tests.fakes.outbox_rows import deleted, edge, entity, id_of, row

from groundwork_core.knowledge.graph.changes import Deletion, collapse
from groundwork_core.knowledge.graph.model import GraphEntity, GraphRelationship


def test_the_newest_state_of_each_row_is_kept_in_any_order() -> None:
    old, new = entity("a", 1, name="old"), entity("a", 2, name="new")
    for rows in ([old, new], [new, old], [new, old, new]):
        (kept,) = collapse(rows).entities.values()
        assert isinstance(kept, GraphEntity)
        assert (kept.name, kept.version) == ("new", 2)


def test_a_delete_is_the_newest_state() -> None:
    changes = collapse([deleted("entities", "a", 3), entity("a", 2)])
    assert changes.entities == {str(id_of("a")): Deletion(str(id_of("a")), 3)}


def test_other_aggregates_are_left_out() -> None:
    changes = collapse(
        [row("documents", "d", 1, "created", {}), row("jobs", "j", 1, "created", {})]
    )
    assert not changes
    assert changes.upto == (0, 0)


def test_the_newest_row_is_the_position() -> None:
    first, second = entity("a"), edge("e", "a", "b")
    assert collapse([second, first]).upto == (second.xid, second.id)


def test_validity_beyond_the_calendar_is_open_ended() -> None:
    rows = [edge("e", "a", "b", valid_from="-infinity", valid_to="294276-12-31T00:00:00+00:00")]
    (kept,) = collapse(rows).relationships.values()
    assert isinstance(kept, GraphRelationship)
    assert (kept.valid_from, kept.valid_to) == (None, None)


def test_no_rows_collapse_to_no_changes() -> None:
    assert not collapse([])
