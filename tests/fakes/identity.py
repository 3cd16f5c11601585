"""Accounts, sessions and API keys in memory."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from groundwork_core.audit.ports import AuditEntry
from groundwork_core.identity.callers import AccountState, KeyHolder
from groundwork_core.identity.login_throttle import Failures
from groundwork_core.identity.model import Account, RefreshToken, UserRow
from groundwork_core.identity.resources import USERS
from groundwork_core.realtime.ports import RedeemedTicket

from .resources import FakeResources
from .tables import Row, Tables

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


class MemoryUsers:
    """Implements `UserStore`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def get(self, user_id: UUID) -> Account | None:
        row = self._tables.of("users").get(str(user_id))
        return None if row is None else _account(row)

    def held(self, user_id: UUID) -> Account | None:
        return self.get(user_id)

    def by_email(self, email: str) -> Account | None:
        rows = self._tables.of("users").values()
        return next((_account(row) for row in rows if row["email"].lower() == email.lower()), None)

    def add(self, user: UserRow) -> UUID:
        fields = ("email", "name", "roles", "password_hash")
        values = json.dumps({name: getattr(user, name) for name in fields})
        return UUID(FakeResources(self._tables).insert(USERS, fields, values).id)

    def any_admin(self) -> bool:
        rows = self._tables.of("users").values()
        return any("admin" in row["roles"] and row["status"] == "active" for row in rows)

    def set_password(self, user_id: UUID, password_hash: str) -> None:
        self._set(user_id, password_hash=password_hash)

    def set_status(self, user_id: UUID, status: str) -> None:
        self._set(user_id, status=status)

    def end_sessions(self, user_id: UUID, now: datetime) -> None:
        user = self.get(user_id)
        before = user.sessions_valid_from if user else EPOCH
        behind = now <= before <= now + timedelta(minutes=1)
        self._set(user_id, sessions_valid_from=before + MICROSECOND if behind else now)
        tokens, tickets = self._tables.of("refresh_tokens"), self._tables.of("socket_tickets")
        for token in tuple(tokens.values()):
            if token.user_id == user_id and token.revoked_at is None:
                tokens[token.id] = replace(token, revoked_at=now)
        for ticket_hash, (ticket, _) in tuple(tickets.items()):
            if ticket.user_id == user_id:
                del tickets[ticket_hash]

    def missing_roles(self, names: Iterable[str]) -> list[str]:
        known = {role["name"] for role in self._tables.of("roles").values()}
        return sorted(set(names) - known)

    def _set(self, user_id: UUID, **changes: object) -> None:
        row = self._tables.of("users").get(str(user_id))
        if row is not None:
            self._tables.put("users", row | changes)


class MemoryAuthority:
    """Implements `Authority`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def of_user(self, user_id: UUID) -> frozenset[str]:
        user = self._tables.of("users").get(str(user_id))
        return frozenset() if user is None else _permissions(self._tables, user)

    def of_role(self, role_id: UUID) -> frozenset[str]:
        role = self._tables.of("roles").get(str(role_id))
        return frozenset() if role is None else frozenset(role["permissions"])


class MemoryRefreshTokens:
    """Implements `RefreshTokenStore`."""

    def __init__(self, tables: Tables) -> None:
        self._tokens: dict[UUID, RefreshToken] = tables.of("refresh_tokens")

    def owner(self, token_hash: bytes) -> UUID | None:
        token = self.locked(token_hash)
        return None if token is None else token.user_id

    def locked(self, token_hash: bytes) -> RefreshToken | None:
        tokens = self._tokens.values()
        return next((token for token in tokens if token.token_hash == token_hash), None)

    def successor(self, token_id: UUID) -> RefreshToken | None:
        return next((t for t in self._tokens.values() if t.parent_id == token_id), None)

    def add(self, token: RefreshToken) -> None:
        self._tokens[token.id] = token

    def use(self, token_id: UUID, now: datetime) -> None:
        self._tokens[token_id] = replace(self._tokens[token_id], used_at=now)

    def revoke_family(self, family_id: UUID, now: datetime) -> None:
        for token in tuple(self._tokens.values()):
            if token.family_id == family_id and token.revoked_at is None:
                self._tokens[token.id] = replace(token, revoked_at=now)


class MemoryLoginFailures:
    """Implements `LoginFailureStore`."""

    def __init__(self, tables: Tables) -> None:
        self._failures: dict[str, Failures] = tables.of("login_failures")

    def of(self, subjects: Iterable[str]) -> Mapping[str, Failures]:
        return {one: self._failures[one] for one in subjects if one in self._failures}

    def count(self, subjects: Iterable[str], now: datetime, window_ends_at: datetime) -> None:
        for subject in subjects:
            found = self._failures.get(subject)
            if found is None or found.window_ends_at <= now:
                found = Failures(0, window_ends_at)
            self._failures[subject] = replace(found, count=found.count + 1)

    def clear(self, subject: str) -> None:
        self._failures.pop(subject, None)

    def keep(self, subject: str, until: datetime) -> None:
        found = self._failures.get(subject)
        self._failures[subject] = Failures(found.count if found else 0, until)


class MemoryTickets:
    """Implements `TicketStore`; the tickets by hash, each with its end."""

    def __init__(self, tables: Tables) -> None:
        self.tickets: dict[bytes, tuple[RedeemedTicket, datetime]] = tables.of("socket_tickets")

    def add(
        self,
        ticket_hash: bytes,
        user_id: UUID,
        permissions: Iterable[str],
        expires_at: datetime,
        key_id: UUID | None,
    ) -> None:
        self.tickets[ticket_hash] = (
            RedeemedTicket(user_id, tuple(permissions), key_id),
            expires_at,
        )


class MemoryApiKeys:
    """Implements `ApiKeyStore`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def revoke(self, key_id: UUID, now: datetime) -> None:
        keys = self._tables.of("api-keys")
        for row in tuple(keys.values()):
            ends = row["id"] == str(key_id) or self.is_made_by(UUID(row["id"]), key_id)
            if ends and row["revoked_at"] is None:
                keys[row["id"]] = row | {
                    "revoked_at": now.isoformat(),
                    "version": row["version"] + 1,
                }

    def is_made_by(self, key_id: UUID, maker: UUID) -> bool:
        row = self._tables.of("api-keys").get(str(key_id))
        parent = None if row is None else row["parent_id"]
        return parent is not None and (parent == str(maker) or self.is_made_by(UUID(parent), maker))


class MemoryCallers:
    """Implements `CallerStore`."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables

    def keys(self) -> Mapping[str, Mapping[str, Any]]:
        return dict(self._tables.of("signing_keys"))

    def key_holder(self, key_hash: bytes) -> KeyHolder | None:
        keys = self._tables.of("api-keys")
        stored = "\\x" + key_hash.hex()
        key = next((row for row in keys.values() if row["key_hash"] == stored), None)
        if key is None or key["revoked_at"] is not None:
            return None
        user = self._tables.of("users")[key["user_id"]]
        expires_at = datetime.fromisoformat(key["expires_at"]) if key["expires_at"] else None
        now = self._tables.now()
        if user["status"] != "active" or (expires_at is not None and expires_at <= now):
            return None
        keys[key["id"]] = key | {"last_used_at": now.isoformat()}
        permissions = _permissions(self._tables, user) & set(key["scopes"])
        return KeyHolder(
            key_id=UUID(key["id"]),
            user_id=UUID(user["id"]),
            roles=tuple(user["roles"]),
            permissions=permissions,
            expires_at=expires_at,
            stamp=f"{_stamp(user, permissions)} {expires_at}",
        )

    def account_state(self, user_id: UUID) -> AccountState | None:
        user = self._tables.of("users").get(str(user_id))
        if user is None:
            return None
        account, permissions = _account(user), _permissions(self._tables, user)
        return AccountState(
            active=account.active,
            sessions_valid_from=account.sessions_valid_from,
            roles=account.roles,
            permissions=permissions,
            stamp=_stamp(user, permissions),
        )


class MemoryAuditLog:
    """Implements `AuditLog`."""

    def __init__(self, tables: Tables) -> None:
        self._entries: dict[int, AuditEntry] = tables.of("audit_entries")

    def record(self, act: AuditEntry) -> None:
        self._entries[len(self._entries)] = act


def _account(row: Row) -> Account:
    return Account(
        id=UUID(row["id"]),
        email=row["email"],
        roles=tuple(row["roles"]),
        status=row["status"],
        password_hash=row["password_hash"],
        sessions_valid_from=row.get("sessions_valid_from", EPOCH),
    )


def _permissions(tables: Tables, user: Row) -> frozenset[str]:
    roles = [role for role in tables.of("roles").values() if role["name"] in user["roles"]]
    return frozenset(permission for role in roles for permission in role["permissions"])


def _stamp(user: Row, permissions: frozenset[str]) -> str:
    facts = (user["status"], user.get("sessions_valid_from"), sorted(user["roles"]))
    return f"{facts} {sorted(permissions)}"
