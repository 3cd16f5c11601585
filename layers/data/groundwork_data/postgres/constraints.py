"""Translate psycopg's errors into the errors of the domain."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from groundwork_core.errors import (
    Conflict,
    Fault,
    Invalid,
    Outdated,
    RightsChanged,
    Unavailable,
)

RIGHTS_CHANGED = "GW401"
"""SQLSTATE that groundwork_act_as() raises when the caller's rights have changed."""
OUTDATED = "GW409"
"""SQLSTATE that groundwork_refuse_outdated() raises."""
_KEY = re.compile(r"Key \((?P<columns>[^=]*)\)=")
_OF_SIZE = "_bytes"
"""End of the names of constraints on sizes, after the field's name."""
_KNOWN_AS = {
    "fk_embeddings_entity_id": "subject_id",
    "fk_embeddings_document_id": "subject_id",
    "fk_embeddings_content_id": "subject_id",
    "uq_documents_source_id_external_id": "url",
}
"""Constraints on columns that clients do not see, and the field of the API that each refers to."""


@contextmanager
def as_domain_error() -> Iterator[None]:
    """Translate psycopg's errors into the errors of the domain.

    Raises:
        Conflict: a unique constraint is violated, a row is still referred to, or one of our
            triggers refuses (SQLSTATE restrict_violation with a message for the client).
        Invalid: a check, not-null or foreign key constraint is violated, or Postgres cannot store a
            value.
        RightsChanged: the caller's rights have changed since they were read.
        Outdated: rows have changed since they were read.
        Unavailable: the connection was lost, or the statement was cancelled or deadlocked.
    """
    try:
        yield
    except errors.UniqueViolation as error:
        field = _field(error)
        # Our own triggers put the message for the client into the hint.
        detail = error.diag.message_hint or f"There is already one with this {field}."
        raise Conflict(detail, field=field) from error
    except errors.RestrictViolation as error:
        ours = error.diag.constraint_name is None
        refusal = error.diag.message_primary if ours else None
        raise Conflict(refusal or "Other resources still refer to it.") from error
    except errors.ForeignKeyViolation as error:
        if "still referenced" in str(error.diag.message_detail or ""):
            raise Conflict("Other resources still refer to it.") from error
        field = _field(error)
        raise Invalid(
            f"{field} refers to something that does not exist.", (_fault(field, "does not exist"),)
        ) from error
    except (errors.CheckViolation, errors.NotNullViolation) as error:
        rule, hint = error.diag.column_name or _rule(error), error.diag.message_hint
        field = rule.removesuffix(_OF_SIZE)
        # Only our own triggers give a hint; it says what to do.
        detail = hint or ("takes too many bytes" if rule.endswith(_OF_SIZE) else "breaks a rule")
        # If neither a column nor a constraint is named, the fault is about the whole input.
        of_all = hint and not (error.diag.column_name or error.diag.constraint_name)
        fault = Fault("", detail) if of_all else _fault(field, detail)
        raise Invalid(f"{field} breaks a rule.", (fault,)) from error
    except (errors.DataError, errors.ProgramLimitExceeded) as error:
        raise Invalid("A value cannot be stored.", (Fault("", _first_line(error)),)) from error
    except (errors.QueryCanceled, errors.DeadlockDetected, errors.SerializationFailure) as error:
        raise Unavailable("The database is too busy.") from error
    except psycopg.OperationalError as error:
        raise Unavailable("The database cannot be reached.") from error
    except psycopg.DatabaseError as error:
        if error.sqlstate == OUTDATED:
            raise Outdated("The rows are being changed; try again.") from error
        if error.sqlstate != RIGHTS_CHANGED:
            raise
        raise RightsChanged("Your rights have just changed. Please try again.") from error


def _field(error: psycopg.Error) -> str:
    known_as = _KNOWN_AS.get(error.diag.constraint_name or "")
    if known_as:
        return known_as
    found = _KEY.search(error.diag.message_detail or "")
    if not found:
        return error.diag.constraint_name or "value"
    first = found["columns"].split(",")[0].strip()
    return re.sub(r"^lower\((.*?)(::\w+)?\)$", r"\1", first)


def _rule(error: psycopg.Error) -> str:
    """Return the field that a check constraint names; constraints are named ck_<table>_<field>."""
    name = error.diag.constraint_name or "value"
    return name.removeprefix(f"ck_{error.diag.table_name}_")


def _fault(field: str, detail: str) -> Fault:
    return Fault(f"/{field}", detail)


def _first_line(error: psycopg.Error) -> str:
    return (error.diag.message_primary or str(error)).splitlines()[0]
