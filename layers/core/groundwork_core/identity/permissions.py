"""All permissions and the built-in roles. A test compares them with the roles in the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

_KNOWLEDGE = ("documents", "entities", "relationships", "embeddings", "jobs", "sources", "contents")
_BROWSED = (*_KNOWLEDGE, "distributions", "engagements", "schedules")
_OWN = ("preferences", "api-keys")
RESOURCES = (
    *_BROWSED,
    *_OWN,
    "users",
    "roles",
    "configurations",
    "deliveries",
    "publishers",
    "webhooks",
    "audit-events",
)
"""The resources that permissions name."""

_APPEND_ONLY = frozenset({"audit-events"})


def _read(names: Iterable[str]) -> frozenset[str]:
    return frozenset(f"{name}:read" for name in names)


def _write(names: Iterable[str]) -> frozenset[str]:
    return frozenset(f"{name}:write" for name in names)


PERMISSIONS = _read(RESOURCES) | _write(name for name in RESOURCES if name not in _APPEND_ONLY)
"""All permissions."""

BUILTIN_ROLES: Mapping[str, frozenset[str]] = {
    "admin": PERMISSIONS,
    "editor": _read((*_BROWSED, *_OWN))
    | _write(
        (
            "sources",
            "entities",
            "relationships",
            "contents",
            "distributions",
            "schedules",
            *_OWN,
        )
    ),
    "analyst": _read((*_BROWSED, *_OWN))
    | _write(("entities", "relationships", "embeddings", "jobs", "schedules", *_OWN)),
    "viewer": _read((*_BROWSED, *_OWN)) | _write(_OWN),
    "service": _read(_BROWSED)
    | _write(
        (
            "documents",
            "jobs",
            "entities",
            "relationships",
            "embeddings",
            "deliveries",
            "distributions",
            "engagements",
        )
    ),
}
