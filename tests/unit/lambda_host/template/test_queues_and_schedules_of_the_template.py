"""Rules for every queue and every schedule of template.yaml."""

from dataclasses import replace

import pytest

from groundwork_command.instance.project import template
from groundwork_lambda_host.template import Addresses, Stack, load
from groundwork_lambda_host.template.stack import DeadLetter

OWN_LOCK = {
    # Function: what keeps two runs at once from doing harm: the test of it below tests/.
    "Exports": "integration/functions/rest_api/test_exports_that_fail.py: one of two has it",
    "Fetch": "integration/functions/rest_api/test_subscriptions.py: of two runs one asks a hub",
    "Relay": "integration/core/relay/test_lease_and_nudge.py: of two relays one has the lease",
    "Webhooks": "integration/core/webhooks/test_sending.py: of two senders one has an endpoint",
}
"""Scheduled functions that may run several times at once: a queue invokes them too."""
LONGEST_SECONDS = 1_209_600


@pytest.fixture
def stack() -> Stack:
    """The template, as the host reads it."""
    parameters = {"DatabaseUrl": "postgresql://x", "Neo4jPassword": "x"}
    return load(template(), parameters, Addresses())


def faults_of_queues(stack: Stack) -> list[str]:
    """Return settings of queues with which a failed message would be lost."""
    found = []
    read = {mapping.queue: stack.functions[mapping.function] for mapping in stack.queue_mappings}
    for queue in stack.queues:
        name = queue.logical_id
        if queue.retention_seconds > LONGEST_SECONDS:
            found.append(f"{name}: SQS keeps nothing that long")
        if name in read and queue.visibility_seconds < read[name].timeout_seconds:
            found.append(f"{name}: its messages come back while the function still works")
        if name in read and queue.dead_letter is None:
            found.append(f"{name}: what always fails has nowhere to go")
        if queue.dead_letter is not None:
            tries_seconds = queue.visibility_seconds * queue.dead_letter.max_receive_count
            if queue.retention_seconds < tries_seconds:
                found.append(f"{name}: forgets a message before its last try")
            # A message keeps its first date when it moves to the dead letters.
            if stack.queue(queue.dead_letter.queue).retention_seconds <= queue.retention_seconds:
                found.append(f"{name}: its dead letters are gone at once")
    return found


def faults_of_schedules(stack: Stack) -> list[str]:
    """Return schedules that could run twice at once, or long after their time."""
    found = []
    for schedule in stack.schedules:
        function = stack.functions[schedule.function]
        if schedule.max_age_seconds > 60 or schedule.retries > 0:
            found.append(f"{schedule.name}: an old run is tried again beside newer ones")
        if function.max_environments != 1 and schedule.function not in OWN_LOCK:
            found.append(f"{schedule.name}: runs may overlap")
    return found


def test_every_queue_keeps_a_message_for_all_its_tries(stack: Stack) -> None:
    assert len(stack.queues) >= 8
    assert faults_of_queues(stack) == []


def test_every_schedule_gives_up_and_never_overlaps(stack: Stack) -> None:
    assert len(stack.schedules) >= 3
    assert faults_of_schedules(stack) == []


def test_every_schedule_states_its_retry_policy() -> None:
    text = template().read_text()
    events = text.split("Type: ScheduleV2")[1:]
    assert events
    for event in events:
        assert "RetryPolicy:" in event.split("\n\n")[0]


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"retention_seconds": 300}, "forgets a message"),
        ({"visibility_seconds": 30}, "come back while"),
        ({"dead_letter": None}, "nowhere to go"),
        ({"dead_letter": DeadLetter("RelayDeadLetters", 50)}, "forgets a message"),
        ({"retention_seconds": LONGEST_SECONDS}, "gone at once"),
    ],
)
def test_a_queue_that_loses_messages_is_seen(
    stack: Stack, change: dict[str, object], fault: str
) -> None:
    """With the guards disabled, one by one."""
    queues = tuple(
        replace(queue, **change) if queue.logical_id == "RelayQueue" else queue  # type: ignore[arg-type]
        for queue in stack.queues
    )
    (found,) = faults_of_queues(replace(stack, queues=queues))
    assert fault in found


def test_a_schedule_that_overlaps_or_never_gives_up_is_seen(stack: Stack) -> None:
    """With the guards disabled."""
    loose = replace(stack.functions["Scheduler"], max_environments=None)
    functions = {**stack.functions, "Scheduler": loose}
    (overlap,) = faults_of_schedules(replace(stack, functions=functions))
    assert "overlap" in overlap
    first, *others = stack.schedules
    late = replace(first, max_age_seconds=3600)
    (old,) = faults_of_schedules(replace(stack, schedules=(late, *others)))
    assert "tried again" in old
