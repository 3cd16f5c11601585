"""Adding one document, worker or name gives what gathering all values gives."""

import json
from itertools import product

import psycopg
import pytest

LISTS: tuple[list[str], ...] = ([], ["a"], ["a", "b"], ["b", "a", "c"])
MOST = 3


def both(url: str, function: str, *given: object) -> tuple[object, object]:
    """Return what the quick function and the one that gathers give."""
    places = ", ".join(["%s"] * len(given))
    with psycopg.connect(url) as connection:
        row = connection.execute(
            f"SELECT groundwork_merge_{function}({places}), groundwork_gather_{function}({places})",
            [*given, *given],
        ).fetchone()
    assert row is not None
    return row[0], row[1]


@pytest.mark.parametrize("ours", [None, *LISTS, ["a", "b", "c", "d"]])
@pytest.mark.parametrize("theirs", LISTS)
def test_both_ways_of_merging_give_the_same_provenance(
    ours: list[str] | None, theirs: list[str], module_database_url: str
) -> None:
    for other, others in product([None, ["w"]], [[], ["v"], ["w"]]):
        stored = {"documents": ours, "workers": other, "more": 1}
        kept = json.dumps({name: value for name, value in stored.items() if value is not None})
        more = json.dumps({"documents": theirs, "workers": others})
        quick, gathered = both(module_database_url, "provenance", kept, more, MOST)
        if gathered is None:  # nothing to gather; callers keep what is stored
            gathered = json.loads(kept)
        assert quick == gathered


@pytest.mark.parametrize("aliases", [[], ["b"], ["b", "c"], ["a"], ["b", "c", "d", "e"]])
@pytest.mark.parametrize("new_name", ["a", "b", "x"])
@pytest.mark.parametrize("new_aliases", [[], ["b"], ["x", "y"]])
def test_both_ways_of_merging_give_the_same_aliases(
    aliases: list[str], new_name: str, new_aliases: list[str], module_database_url: str
) -> None:
    given = "a", aliases, new_name, new_aliases, MOST
    quick, gathered = both(module_database_url, "aliases", *given)
    assert quick == gathered
