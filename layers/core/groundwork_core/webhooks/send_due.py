"""Send due messages, until none is due for a while or the time of the run ends.

The main thread leases endpoints, hands their messages to threads, and stores the outcomes; the
threads only make HTTP requests. At most `max_in_flight` messages are sent to an endpoint at the
same time. Endpoints whose last attempt failed share half of the threads, so that an endpoint that
does not respond does not delay the others.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from queue import Empty, SimpleQueue
from uuid import uuid4

from groundwork_core.clock import Clock
from groundwork_core.encryption.ports import Encryption
from groundwork_core.errors import SecretUnreadable, Unavailable
from groundwork_core.webhooks.attempt import make_attempt, not_made, withheld
from groundwork_core.webhooks.lines import PREFETCH, Lines
from groundwork_core.webhooks.ports import (
    DueMessage,
    LeaseAsk,
    MadeAttempt,
    PostMessage,
    SenderObserver,
    Settled,
    WebhooksWork,
)
from groundwork_core.webhooks.secrets import PLAIN_MAX, encrypt_plain_secrets, keys_of
from groundwork_core.webhooks.settle_attempts import settle_attempts

THREADS = 64
FAILING_THREADS = THREADS // 2
"""Threads that may send to endpoints whose last attempt failed."""
ENDPOINTS_MAX = 200
LEASE_SECONDS = 30
RENEW_SECONDS = 1.0
PROMISE_SECONDS = 3.0
"""The time for which the relay need not wake a sender, which then looks once more."""
IDLE_SECONDS = 2.0
"""Seconds after the last message in which the promise is renewed."""
NEAR_SECONDS = 10.0
"""A message that is due so soon is waited for; the sweep finds later ones."""
RESERVE_SECONDS = 20.0
"""The time kept for messages that are being sent when the run ends."""
SHORTEST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.01, 0.1
GATHER_SECONDS = 0.005
"""The wait after an attempt, so that several are settled in one transaction."""
RETRY_SECONDS = 0.5
WAKE_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class SenderParts:
    """The parts that a sender needs from outside."""

    post: PostMessage
    begin_work: Callable[[], WebhooksWork]
    encryption: Encryption
    clock: Clock
    chance: Callable[[], float]
    """Returns 0 to 1."""
    observer: SenderObserver
    wake_another: Callable[[], None]
    """Starts one more sender."""


class Sender:
    """One run of the function that sends messages. Several may run at once, on any machine."""

    def __init__(self, parts: SenderParts) -> None:
        self._parts = parts
        self._token = uuid4()
        self._lines = Lines()
        self._ended: SimpleQueue[MadeAttempt] = SimpleQueue()
        self._unsettled: list[MadeAttempt] = []
        never = float("-inf")
        self._renewed_at = self._promised_at = self._woke_at = never
        self._used_at = time.monotonic()
        self._looked_for_plain_secrets = False

    def run(self, remaining_seconds: Callable[[], float]) -> None:
        """Send until nothing is due for a while, or the time ends; other runs send the rest."""
        pause = SHORTEST_PAUSE_SECONDS
        pool = ThreadPoolExecutor(THREADS, "webhook")
        try:
            while True:
                takes = remaining_seconds() > RESERVE_SECONDS
                try:
                    self._encrypt_plain_secrets()
                    busy = self._turn(pool, pause, takes=takes)
                    left = takes or (self._lines.on_the_way and remaining_seconds() > 1)
                    if not left or (takes and not busy and self._is_over()):
                        return
                except Unavailable as error:
                    # Unstored attempts are stored later, or another sender sends them again.
                    self._parts.observer.failed(error)
                    time.sleep(RETRY_SECONDS)
                    busy = False
                    if remaining_seconds() < 1:
                        return
                pause = SHORTEST_PAUSE_SECONDS if busy else min(pause * 1.5, LONGEST_PAUSE_SECONDS)
        finally:
            self._parts.observer.ended()
            pool.shutdown(wait=False, cancel_futures=True)

    def _encrypt_plain_secrets(self) -> None:
        """Encrypt secrets that an earlier release stored as plain text, once per run."""
        if self._looked_for_plain_secrets:
            return
        self._looked_for_plain_secrets = True
        encrypted = PLAIN_MAX
        while encrypted == PLAIN_MAX:
            with self._parts.begin_work() as work:
                encrypted = encrypt_plain_secrets(
                    webhooks=work.webhooks, encryption=self._parts.encryption
                )

    def _turn(self, pool: ThreadPoolExecutor, pause: float, *, takes: bool) -> bool:
        """Store outcomes, lease due messages and send them; return whether there were any."""
        self._collect(pause)
        settled = len(self._unsettled)
        if takes:
            self._start(pool)  # before the query, so that endpoints need not wait for it
        if settled:
            self._settle()
        if not takes:
            self._hand_over()
            return bool(settled)
        taken = self._take()
        self._start(pool)
        if settled or taken or self._lines.on_the_way:
            self._used_at = time.monotonic()
        return bool(settled or taken)

    def _collect(self, pause: float) -> None:
        """Wait for the end of an attempt, at most for a pause; then collect all that have ended."""
        ended: list[MadeAttempt] = []
        try:
            ended.append(self._ended.get(timeout=pause))
            time.sleep(GATHER_SECONDS)
            while True:
                ended.append(self._ended.get_nowait())
        except Empty:
            pass
        for made in ended:
            if made.outcome.delivered:  # a failure may open the circuit, so it is stored first
                self._lines.ended(made.message)
        self._unsettled += ended

    def _settle(self) -> None:
        parts, now = self._parts, self._parts.clock.now()
        health = settle_attempts(
            self._unsettled, work=parts.begin_work(), now=now, chance=parts.chance
        )
        for made in self._unsettled:
            self._lines.ended(made.message)
        parts.observer.settled(self._unsettled)
        self._unsettled = []
        for webhook_id, known in health.items():
            self._lines.learn(webhook_id, known, now)

    def _take(self) -> int:
        """Renew leases, extend the promise, and lease due messages; return how many."""
        now, moment = self._parts.clock.now(), time.monotonic()
        until = now + timedelta(seconds=LEASE_SECONDS)
        with self._parts.begin_work() as work:
            if moment - self._renewed_at >= RENEW_SECONDS:
                self._renewed_at = moment
                unused = self._lines.drop()
                if unused:
                    work.webhooks.give_back(self._token, unused)
                self._lines.keep(work.webhooks.renew(self._token, until, now))
                if moment - self._used_at < IDLE_SECONDS:
                    self._promised_at = moment
                    work.webhooks.stay_awake(PROMISE_SECONDS)
            due = work.webhooks.lease(
                LeaseAsk(
                    self._token,
                    now,
                    until,
                    max(ENDPOINTS_MAX - len(self._lines), 0),
                    PREFETCH,
                    self._lines.room(),
                    [*self._lines.held(), *(made.message.id for made in self._unsettled)],
                )
            )
            if not self._lines.knows(due):
                self._lines.keep(work.webhooks.renew(self._token, until, now))
        self._lines.put(due)
        return len(due)

    def _start(self, pool: ThreadPoolExecutor) -> None:
        free = THREADS - self._lines.on_the_way
        for_failing = FAILING_THREADS - self._lines.failing_on_the_way
        refused: list[Settled] = []
        for endpoint, message in self._lines.start(free, for_failing):
            if message.happened_at is None or withheld(endpoint, message):
                status = "expired" if message.happened_at is None else "withheld"
                refused.append(Settled(message.id, status, message.attempts, None))
                self._lines.ended(message)
                continue
            try:
                keys = keys_of(endpoint, self._parts.encryption)
            except SecretUnreadable as error:
                self._ended.put(not_made(message, self._parts.clock, error.detail))
                continue
            except Unavailable:
                self._lines.ended(message)  # it is not being sent yet, and will be leased again
                raise
            attempt = pool.submit(
                make_attempt,
                endpoint.url,
                keys,
                message,
                post=self._parts.post,
                clock=self._parts.clock,
            )
            attempt.add_done_callback(lambda ended, of=message: self._note(ended, of))  # type: ignore[misc]
        if refused:
            with self._parts.begin_work() as work:
                work.webhooks.settle(refused)
        if self._lines.on_the_way >= THREADS and time.monotonic() - self._woke_at > WAKE_SECONDS:
            self._woke_at = time.monotonic()
            self._parts.wake_another()

    def _note(self, ended: Future[MadeAttempt], message: DueMessage) -> None:
        """Hand the end of an attempt to the main thread. Called in the attempt's thread."""
        error = None if ended.cancelled() else ended.exception()
        if error is not None:
            self._parts.observer.failed(error)
            self._ended.put(not_made(message, self._parts.clock))
        elif not ended.cancelled():
            self._ended.put(ended.result())

    def _hand_over(self) -> None:
        """Release messages that are not being sent, so that another sender sends them."""
        self._lines.forget_waiting()
        unused = self._lines.drop(unused_seconds=0)
        with self._parts.begin_work() as work:
            work.webhooks.give_back(self._token, unused)
            if self._woke_at != float("inf"):
                work.webhooks.stay_awake(0)
        if self._woke_at != float("inf"):
            self._woke_at = float("inf")
            self._parts.wake_another()

    def _is_over(self) -> bool:
        """Return whether the promise has ended and nothing is due soon; if so, end all leases."""
        if self._lines.on_the_way or time.monotonic() - self._promised_at < PROMISE_SECONDS:
            return False
        with self._parts.begin_work() as work:
            seconds = work.webhooks.next_due_seconds(self._token, self._parts.clock.now())
            if seconds is not None and seconds < NEAR_SECONDS:
                self._used_at = time.monotonic()
                return False
            work.webhooks.give_back(self._token, self._lines.webhooks)
        return True
