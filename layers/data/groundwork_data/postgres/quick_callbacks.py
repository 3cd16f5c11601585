"""Callbacks of publishers, each taken by one statement, which is one transaction."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from functools import cache
from typing import TYPE_CHECKING
from uuid import UUID

from pydantic import TypeAdapter
from pydantic_core import to_json

from groundwork_core.errors import Conflict, Outdated
from groundwork_core.publishing.delivery_updates import DeliveryState
from groundwork_core.publishing.rows import CallbackClaim, CallbackOutcome, StoredDeliveries
from groundwork_data.postgres import callback_one_sql, callback_sql
from groundwork_data.postgres.parameters import array_literal

if TYPE_CHECKING:
    from groundwork_data.postgres.database import Database
    from groundwork_data.postgres.prepared import TextRow

Named = tuple[UUID, str, str | None]


class PostgresQuickCallbacks:
    """Implements `QuickCallbacks`."""

    def __init__(self, database: Database) -> None:
        """`database` wakes the relay after a callback that changed deliveries."""
        self._database = database

    def take_new(
        self,
        claim: CallbackClaim,
        named: Sequence[Named],
        states: Sequence[DeliveryState],
    ) -> CallbackOutcome | StoredDeliveries:
        """Insert deliveries if none of those named is stored, and all distributions exist."""
        if len(named) == len(states) == 1:
            row = self._run(callback_one_sql.TAKE_ONE_NEW, claim, _values(states[0]))
        else:
            ids = {of for of, _, _ in named}
            row = self._run(callback_sql.TAKE_NEW, claim, (*_rows(ids, states), *_arrays(named)))
        outcome = _outcome(row)
        if row is None or row[3] is None or outcome == "changed":
            return outcome
        return _stored().validate_json(row[3])

    def take_known(
        self, claim: CallbackClaim, distributions: Collection[UUID], states: Sequence[DeliveryState]
    ) -> CallbackOutcome:
        """Insert or update deliveries if they are still as they were read."""
        if len(states) == 1 and (state := states[0]).id is not None:
            given = (*_values(state), state.id, state.version)
            return _outcome(self._run(callback_one_sql.TAKE_ONE_KNOWN, claim, given))
        given = _rows(distributions, states)
        return _outcome(self._run(callback_sql.TAKE_KNOWN, claim, given))

    def _run(self, sql: str, claim: CallbackClaim, given: Sequence[object]) -> TextRow | None:
        """Run a statement; return its row, or None if deliveries have changed meanwhile."""
        values = (claim.publisher_id, claim.version, claim.webhook_id, claim.at, *given)
        try:
            (row,) = self._database.write_by_kept_plan(callback_sql.KEPT_PLAN, sql, values)
        except (Outdated, Conflict):  # a conflict: another delivery has got the external id
            return None
        if row[1] == "t":
            self._database.wrote_outbox()
        return row


def _outcome(row: TextRow | None) -> CallbackOutcome:
    if row is None:
        return "outdated"
    is_signer, claimed = row[0] == "t", row[1] == "t"
    if not is_signer:
        return "changed"
    return "taken" if claimed else "repeated"


@cache
def _stored() -> TypeAdapter[StoredDeliveries]:
    return TypeAdapter(StoredDeliveries)


def _values(state: DeliveryState) -> tuple[object, ...]:
    """Return the values of `callback_sql.FIELDS`."""
    error = None if state.error is None else json.dumps(state.error)
    return (
        state.distribution_id,
        state.recipient,
        state.status,
        state.attempt,
        error,
        state.external_id,
        state.state_at,
        state.sent_at,
        state.delivered_at,
    )


def _rows(distributions: Collection[UUID], states: Sequence[DeliveryState]) -> tuple[str, str]:
    """Return ids as an array, and states as JSON."""
    ids = array_literal(str(one) for one in distributions)
    return ids, to_json(states).decode()


def _arrays(named: Sequence[Named]) -> tuple[str, str, str]:
    return (
        array_literal(str(of) for of, _, _ in named),
        array_literal(recipient for _, recipient, _ in named),
        array_literal(external for _, _, external in named),
    )
