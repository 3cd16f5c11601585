"""Events that EventBridge Scheduler sends to a function."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from uuid import uuid4

import orjson

if TYPE_CHECKING:
    from groundwork_lambda_host.template import Schedule


def scheduler_event(
    schedule: "Schedule", slot: datetime, *, attempt: int, region: str, account: str
) -> dict[str, object]:
    """Return the schedule's Input with `<aws.scheduler.…>` replaced, or the default event.

    Raises:
        ValueError: The Input is not a JSON object.
    """
    time = slot.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    arn = f"arn:aws:scheduler:{region}:{account}:schedule/default/{schedule.name}"
    run = str(uuid4())
    if schedule.input is None:
        return {
            "version": "0",
            "id": run,
            "detail-type": "Scheduled Event",
            "source": "aws.scheduler",
            "account": account,
            "time": time,
            "region": region,
            "resources": [arn],
            "detail": "{}",
        }
    text = schedule.input
    for word, value in {
        "schedule-arn": arn,
        "scheduled-time": time,
        "execution-id": run,
        "attempt-number": str(attempt),
    }.items():
        text = text.replace(f"<aws.scheduler.{word}>", value)
    event = orjson.loads(text)
    if not isinstance(event, dict):
        raise ValueError(f"the Input of {schedule.name} is not a JSON object")  # noqa: TRY004 - a value of the template
    return event
