"""Redirects that become a source's address."""

from datetime import UTC, datetime, timedelta

from groundwork_core.sources.moving import FAILURES_TO_FORGET, Whereabouts, after_poll

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
OLD, NEW, OTHER = "http://a.test/feed", "http://b.test/feed", "http://c.test/feed"


def poll(
    before: Whereabouts,
    *,
    target: str | None = None,
    url: str = OLD,
    http_status: int = 200,
    failures: int = 0,
    days: float = 0,
) -> Whereabouts:
    return after_poll(
        before,
        url=url,
        target=target,
        http_status=http_status,
        failures=failures,
        now=NOW + timedelta(days=days),
    )


def test_a_redirect_is_remembered_when_it_was_the_same_for_a_week() -> None:
    seen = poll(Whereabouts(), target=NEW)
    assert seen == Whereabouts(NEW, NOW, None)
    assert poll(seen, target=NEW, days=6.9) == seen
    assert poll(seen, target=NEW, days=7) == Whereabouts(moved_to=NEW)


def test_another_target_begins_another_week() -> None:
    seen = poll(Whereabouts(), target=NEW)
    changed = poll(seen, target=OTHER, days=6)
    assert changed == Whereabouts(OTHER, NOW + timedelta(days=6), None)
    assert poll(changed, target=OTHER, days=8).moved_to is None


def test_a_response_without_redirect_forgets_a_remembered_redirect() -> None:
    assert poll(poll(Whereabouts(), target=NEW), days=1) == Whereabouts()


def test_a_failure_in_between_keeps_a_remembered_redirect() -> None:
    seen = poll(Whereabouts(), target=NEW)
    assert poll(seen, http_status=500, failures=1, days=1) == seen


def test_a_redirect_that_leads_to_a_failure_is_not_remembered() -> None:
    assert poll(Whereabouts(), target=NEW, http_status=500, failures=1) == Whereabouts()


def test_only_https_is_remembered_at_once() -> None:
    secure = OLD.replace("http:", "https:")
    assert poll(Whereabouts(), target=secure) == Whereabouts(moved_to=secure)


def test_a_redirect_is_remembered_at_once_when_the_old_address_is_gone() -> None:
    for status in (404, 410):
        seen = poll(Whereabouts(), target=NEW)
        after = poll(seen, http_status=status, failures=1, days=1)
        assert after == Whereabouts(moved_to=NEW)


def test_an_address_that_is_gone_without_redirect_stays() -> None:
    assert poll(Whereabouts(), http_status=404, failures=1) == Whereabouts()


def test_a_new_address_that_is_gone_or_fails_for_long_is_forgotten() -> None:
    moved = Whereabouts(moved_to=NEW)
    assert poll(moved, url=NEW) == moved
    assert poll(moved, url=NEW, http_status=500, failures=1) == moved
    assert poll(moved, url=NEW, http_status=404, failures=1) == Whereabouts()
    assert poll(moved, url=NEW, http_status=500, failures=FAILURES_TO_FORGET) == Whereabouts()
