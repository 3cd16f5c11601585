"""A unit of work: all or nothing, with a position if it wrote."""

import pytest

from groundwork_core.audit.ports import AuditEntry
from groundwork_core.errors import Conflict
from groundwork_core.identity.model import UserRow

from ..work import Work
from .rows import LATER, NOW, add_user


def test_an_error_rolls_back_the_whole_unit_of_work(work: Work) -> None:
    def write_and_fail() -> None:
        with work:
            work.users.add(UserRow("ada@example.org", "Ada", ("viewer",), None))
            work.login_failures.count(["subject"], NOW, LATER)
            raise Conflict("no")

    with pytest.raises(Conflict):
        write_and_fail()
    assert work.position is None
    with work:
        assert work.users.by_email("ada@example.org") is None
        assert work.login_failures.of(["subject"]) == {}


def test_only_a_unit_of_work_that_wrote_has_a_position(work: Work) -> None:
    positions = []
    for email in ("ada@example.org", "bob@example.org"):
        add_user(work, email)
        positions.append(int(str(work.position)))
    assert positions == sorted(set(positions))
    with work:
        work.users.any_admin()
    assert work.position is None


def test_a_store_used_outside_of_a_unit_of_work_is_an_error(work: Work) -> None:
    with pytest.raises(RuntimeError, match="outside `with work:`"):
        work.users.any_admin()


def test_tickets_and_audit_entries_are_stored(work: Work) -> None:
    user_id = add_user(work)
    with work:
        work.tickets.add(b"h" * 32, user_id, ["entities:read"], LATER, None)
        work.audit.record(AuditEntry("users.logged_in", "users", user_id, {"family": "x"}))
    assert work.position is not None
