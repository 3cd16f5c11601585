"""SQL that single resources need beyond `resource_sql`, by resource."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from groundwork_data.postgres.survivors import WITH_KEY, WITH_TYPE_AND_KEY


@dataclass(frozen=True, slots=True)
class SearchSql:
    """Full-text search of the rows `t` of a table with a column `search`; `%s` is the search text.

    The index finds matches in any language; then the row's own language decides.
    """

    language: str
    """The row's language, as SQL."""
    text: str
    """The text that highlights are cut from, as SQL."""
    escaped: bool
    """True if that text is HTML's, without tags."""

    @property
    def conditions(self) -> tuple[str, ...]:
        """Return the conditions: rows whose words match, and rows whose title has the text."""
        matches = f"t.search @@ {self._query}"
        return (
            f"t.search @@ groundwork_any_query(%s) AND {matches}",
            "groundwork_fold(t.title) LIKE groundwork_fold(groundwork_containing(%s))"
            f" AND NOT ({matches})",
        )

    @property
    def rank(self) -> str:
        """Return the expression of a row's rank; 0 if only its title contains the text."""
        return f"ts_rank(t.search, {self._query})::float8"

    @property
    def highlights(self) -> str:
        """Return the expression of the matching passages, as safe HTML."""
        parts = (
            f"'{name}', groundwork_highlight("
            f"{self._configuration}, {text}, %s, {escaped}, '{extent}')"
            for name, text, escaped, extent in (
                ("title", "t.title", False, "HighlightAll=true"),
                ("text", self.text, self.escaped, "MaxFragments=2, MinWords=8, MaxWords=24"),
            )
        )
        return f"json_build_object({', '.join(parts)})"

    @property
    def _configuration(self) -> str:
        return f"groundwork_configuration({self.language})"

    @property
    def _query(self) -> str:
        return f"websearch_to_tsquery({self._configuration}, %s)"


PASSAGES_CHARACTERS = 50_000
"""Highlights are cut from this many characters at the beginning of a text."""
NOT_SOUGHT = {"rank": "NULL::float8", "highlights": "NULL::json"}


@dataclass(frozen=True, slots=True)
class SpecialSql:
    """The additions to one resource's statements; `t` is its row."""

    audited: bool = False
    """True if the table has audit triggers: then a write outside a transaction sets the audit
    actor. Other writes set it only if the actor's rights must be checked."""
    table: str | None = None
    """The name of the table, if it differs from that of the resource."""
    computed: Mapping[str, str] = field(default_factory=dict)
    """Fields that are not columns of the resource's own table, as SQL expressions."""
    tag: str = "t.version::text"
    """The source of the ETag, where a representation depends on more than the version."""
    conditions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Filters that are not a comparison with a column. Several conditions exclude one another; each
    is read from an index of its own, which OR would not allow."""
    selective: frozenset[str] = frozenset()
    """Filters that few rows match, whatever the value."""
    search: SearchSql | None = None
    """SQL that searches its rows, for a filter with the operator `search`."""
    together: tuple[tuple[str, ...], str] = ((), "")
    """Filters that form one condition where all of them are given."""
    sorted_characters: Mapping[str, int] = field(default_factory=dict)
    """Sort columns with texts longer than an index allows: how many characters are compared."""


_API_KEYS = SpecialSql(
    audited=True,
    computed={
        "last_used_at": ("(SELECT l.last_used_at FROM api_key_uses l WHERE l.api_key_id = t.id)")
    },
)

_CONTENTS = SpecialSql(
    audited=True,
    computed=NOT_SOUGHT,
    search=SearchSql(
        "t.metadata ->> 'language'", f"left(t.body, {PASSAGES_CHARACTERS})", escaped=False
    ),
)

_MARK = "(SELECT m.{0} FROM document_marks m WHERE m.document_id = t.id)"
_DOCUMENTS = SpecialSql(
    search=SearchSql(
        "t.language",
        "regexp_replace(left(coalesce(nullif(t.content, ''), t.summary),"
        f" {PASSAGES_CHARACTERS}), '<[^>]*>', ' ', 'g')",
        escaped=True,
    ),
    sorted_characters={"title": 600},
    computed={
        **{
            name: f"coalesce(t.metadata -> '{name}', '[]'::jsonb)"
            for name in ("authors", "categories", "links")
        },
        "cluster_id": _MARK.format("cluster_id"),
        "language": f"coalesce(t.language, {_MARK.format('language')})",
    }
    | NOT_SOUGHT,
    # A comparison does not change the document's version, but it changes two fields.
    tag="t.version || coalesce((SELECT '-' || m.xmin FROM document_marks m"
    " WHERE m.document_id = t.id), '')",
    conditions={
        "cluster_id": (
            "t.id IN (SELECT m.document_id FROM document_marks m WHERE m.cluster_id = %s)",
        )
    },
    selective=frozenset({"cluster_id"}),
)

_EMBEDDINGS = SpecialSql(computed={"vector": "t.vector::text::json"})

# `engagements` is the first partition; only the previous release names it.
_ENGAGEMENTS = SpecialSql(table="raw_engagements")

_ENTITIES = SpecialSql(
    conditions={"key": (f"t.{WITH_KEY.format(key='%s')}",)},
    selective=frozenset({"key"}),
    together=(("type", "key"), f"t.{WITH_TYPE_AND_KEY}"),
)

# The index `ix_jobs_order` counts the jobs ahead. A paused job waits for its pause first.
_AHEAD = """(SELECT count(*) FROM (SELECT FROM jobs w
    WHERE w.status = 'queued' AND w.not_before IS NULL AND w.kind = t.kind
        AND (w.sort_key, w.id) < (t.sort_key, t.id) LIMIT 1000) w)"""

_JOBS = SpecialSql(
    computed={
        "waiting_for": f"""CASE WHEN t.status = 'queued' THEN json_build_object(
    'ahead', CASE WHEN t.not_before IS NULL THEN {_AHEAD} ELSE 0 END,
    'reason', CASE WHEN t.not_before IS NULL THEN 'turn'
        WHEN t.reference IS NULL THEN 'retry' ELSE 'deferred' END,
    'until', t.not_before) END"""
    },
    tag="t.version || CASE WHEN t.status = 'queued' AND t.not_before IS NULL"
    f" THEN '-' || {_AHEAD} ELSE '' END",
)

_MENTIONS = SpecialSql(
    computed={
        "entity": """(SELECT json_build_object('id', e.id, 'name', e.name, 'type', e.type)
    FROM entities e WHERE e.id = t.entity_id)"""
    }
)

_RELATIONSHIPS = SpecialSql(
    conditions={"ends": ("t.from_id = %s", "t.to_id = %s AND t.from_id <> %s")}
)

FRESHNESS_SECONDS = """coalesce(t.freshness_seconds, 2 * coalesce(
    (t.schedule ->> 'every_seconds')::bigint, (t.schedule ->> 'max_seconds')::bigint, 86400))"""
"""Greatest age of the last success of a source `t`; by default twice the usual pause."""

_SOURCES = SpecialSql(
    audited=True,
    computed={
        "freshness_seconds": FRESHNESS_SECONDS,
        "state": """(SELECT row_to_json(state) FROM (
    SELECT s.status, s.next_poll_at, s.next_poll_reason,
    s.last_poll_at, s.last_changed_at,
    CASE WHEN s.error_class IS NOT NULL THEN
        json_build_object('class', s.error_class, 'message', s.error_message) END AS error,
    s.http_status, s.host, s.moved_to,
    (SELECT json_build_object('hub', p.hub, 'until', p.until) FROM push_subscriptions p
        WHERE p.source_id = t.id AND p.status = 'active' AND p.until > now()) AS push,
    extract(epoch FROM now() - s.last_success_at)::bigint AS freshness_lag_seconds,
    s.failures, s.polls, s.documents, s.feed ->> 'identity' AS identity,
    s.feed ->> 'title' AS title, s.feed ->> 'site' AS site,
    coalesce((s.feed ->> 'left_out')::int, 0) AS left_out
    FROM source_states s WHERE s.source_id = t.id) state)""",
    },
    # A poll does not change the source's version, but it changes the field `state`.
    tag="t.version || coalesce((SELECT '-' || s.xmin FROM source_states s"
    " WHERE s.source_id = t.id), '') || coalesce((SELECT '-' || p.xmin FROM push_subscriptions p"
    " WHERE p.source_id = t.id), '')",
    conditions={
        "state.status": (
            "EXISTS (SELECT FROM source_states s WHERE s.source_id = t.id AND s.status = %s)",
        )
    },
)

# Sending changes no version of the webhook, but its field `state`.
_WEBHOOK_STATE = """(SELECT json_build_object(
    'status', CASE WHEN NOT t.enabled THEN 'disabled'
        WHEN s.failing_since IS NOT NULL THEN 'failing' ELSE 'ok' END,
    'failing_since', s.failing_since, 'last_status', s.last_status,
    'pending', (SELECT count(*) FROM (SELECT FROM webhook_messages m
        WHERE m.webhook_id = t.id AND m.status = 'pending' LIMIT 10000) p))
    FROM webhook_states s WHERE s.webhook_id = t.id)"""

_WEBHOOKS = SpecialSql(
    audited=True,
    computed={"state": _WEBHOOK_STATE},
    tag=f"t.version || coalesce('-' || md5({_WEBHOOK_STATE}::text), '')",
)

_WEBHOOK_ATTEMPTS = SpecialSql(
    computed={"message_id": "'msg_' || replace(t.message_id::text, '-', '')"}
)

_SCHEDULES = SpecialSql(
    audited=True,
    computed={
        "state": """(SELECT json_build_object(
    'status', CASE WHEN t.enabled THEN s.status ELSE 'disabled' END,
    'last_run_at', s.last_run_at, 'next_run_at', s.next_run_at, 'error', s.error)
    FROM schedule_states s WHERE s.schedule_id = t.id)""",
        "next_runs": """(SELECT to_json(s.next_runs) FROM schedule_states s
    WHERE s.schedule_id = t.id)""",
    },
    # A run does not change the schedule's version, but it changes the field `state`.
    tag="t.version || coalesce((SELECT '-' || s.xmin FROM schedule_states s"
    " WHERE s.schedule_id = t.id), '')",
)

_USERS = SpecialSql(audited=True, conditions={"email.folded": ("lower(t.email) = lower(%s)",)})

_AUDITED = SpecialSql(audited=True)

SPECIAL: Mapping[str, SpecialSql] = {
    "api-keys": _API_KEYS,
    "configurations": _AUDITED,
    "contents": _CONTENTS,
    "publishers": _AUDITED,
    "distributions": _AUDITED,
    "documents": _DOCUMENTS,
    "embeddings": _EMBEDDINGS,
    "engagements": _ENGAGEMENTS,
    "entities": _ENTITIES,
    "jobs": _JOBS,
    "mentions": _MENTIONS,
    "relationships": _RELATIONSHIPS,
    "roles": _AUDITED,
    "schedule-runs": SpecialSql(tag="'1'"),
    "schedules": _SCHEDULES,
    "sources": _SOURCES,
    "users": _USERS,
    "webhook-attempts": _WEBHOOK_ATTEMPTS,
    "webhooks": _WEBHOOKS,
}
_NOTHING_SPECIAL = SpecialSql()


def special_of(resource: str) -> SpecialSql:
    """Return the additions to a resource's statements."""
    return SPECIAL.get(resource, _NOTHING_SPECIAL)
