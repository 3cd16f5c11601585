"""Garbage collections skip the objects that a host holds after its start."""

import gc

from groundwork_command.long_lived import exclude_from_collections


def test_present_objects_are_excluded_and_later_ones_are_not() -> None:
    before: list[object] = [{}]
    try:
        exclude_from_collections()
        later: list[object] = [{}]
        looked_at = {id(one) for one in gc.get_objects()}
        assert id(before) not in looked_at
        assert id(later) in looked_at
    finally:
        gc.unfreeze()
    assert id(before) in {id(one) for one in gc.get_objects()}
