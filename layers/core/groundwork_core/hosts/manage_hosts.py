"""List hosts and change their settings."""

from __future__ import annotations

import binascii
from base64 import b64decode, urlsafe_b64encode
from dataclasses import replace
from datetime import datetime, timedelta

from groundwork_core.audit.ports import AuditEntry
from groundwork_core.clock import Clock
from groundwork_core.errors import Fault, Invalid, NotFound
from groundwork_core.hosts.model import HostPatch, SourceHost, SourceHosts
from groundwork_core.hosts.pace import Pace, delay_ms
from groundwork_core.hosts.ports import HostOf, HostsWork


def list_hosts(cursor: str | None, limit: int, *, work: HostsWork, clock: Clock) -> SourceHosts:
    """Return a page of hosts. Raises Invalid if the cursor is not one of this list."""
    with work:
        found = work.hosts.page(_read(cursor), limit + 1, clock.now())
    shown = found[:limit]
    more = len(found) > limit
    return SourceHosts(items=shown, next_cursor=_write(shown[-1].host) if more else None)


def show_host(host: str, *, work: HostsWork, clock: Clock) -> SourceHost:
    """Return one host. Raises NotFound."""
    with work:
        found = work.hosts.one(host, clock.now())
    if found is None:
        raise NotFound("No source has this host.")
    return found


def change_host(
    host: str, patch: HostPatch, *, work: HostsWork, clock: Clock, host_of: HostOf
) -> SourceHost:
    """Change the settings of a host, even before it has a source.

    A change of `obey_robots` is recorded in the audit log.

    Raises:
        NotFound: the name is not that of a host.
    """
    now = clock.now()
    known = _host_of(host, host_of)
    if known != host:
        shown = f" It is counted under {known}." if known else ""
        raise NotFound(f"This is not the name of a host.{shown}")
    fields = patch.model_fields_set
    with work:
        work.hosts.make(host)
        before = work.hosts.lock(host)
        if before is None:
            raise NotFound("No source has this host.")
        changes = patch.model_dump(include=fields)
        after = _paced(before, replace(before, **changes), now)
        work.hosts.keep(after, now)
        if after.obey_robots != before.obey_robots:
            action = "hosts.robots_obeyed" if after.obey_robots else "hosts.robots_ignored"
            work.audit.record(AuditEntry(action, "hosts", None, {"host": host}))
        shown_host = work.hosts.one(host, now)
    if shown_host is None:
        raise NotFound("No source has this host.")
    return shown_host


def _paced(before: Pace, after: Pace, now: datetime) -> Pace:
    """Apply a new minimum pause to the current pause; other reasons to wait remain."""
    crawl = after.crawl_delay_seconds if after.obey_robots else None
    delay = delay_ms(
        duration_ms=after.duration_ms,
        min_delay_ms=after.min_delay_ms,
        crawl_delay_seconds=crawl,
    )
    after = replace(after, delay_ms=delay, crawl_delay_seconds=crawl)
    at = before.next_allowed_at
    if at is None or at - now > timedelta(milliseconds=before.delay_ms):
        return after
    return replace(after, next_allowed_at=min(at, now + timedelta(milliseconds=delay)))


def _host_of(host: str, host_of: HostOf) -> str:
    return host_of(f"http://[{host}]/" if ":" in host else f"http://{host}/")


def _write(host: str) -> str:
    return urlsafe_b64encode(host.encode()).decode().rstrip("=")


def _read(cursor: str | None) -> str:
    if cursor is None:
        return ""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        return b64decode(padded, altchars=b"-_", validate=True).decode("ascii")
    except (binascii.Error, ValueError):
        raise Invalid(
            "The cursor is invalid.",
            (Fault("/cursor", "is not the next_cursor of a page of this list"),),
        ) from None
