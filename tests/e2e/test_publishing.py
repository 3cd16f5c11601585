"""A publisher with a queue: it receives a distribution, reports it by callback, and it is sent."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from tests.child_instance import Instance

from ..standard_webhooks import signed
from ..waiting import eventually
from ..webhook_receiver import answering, receiving
from .test_faults_of_the_path import queue_client


def made(admin: httpx2.Client, resource: str, **fields: object) -> dict[str, Any]:
    answer = admin.post(f"/api/v1/{resource}", json=fields)
    assert answer.status_code == 201, answer.text
    body: dict[str, Any] = answer.json()
    return body


@pytest.mark.parametrize(
    "start",
    # Planned distributions start with the scheduler, which runs each minute.
    ["at_once", pytest.param("planned", marks=pytest.mark.long)],
)
def test_a_distribution_is_sent_and_its_callbacks_mark_it_sent(
    instance: Instance, admin: httpx2.Client, start: str
) -> None:
    secret = made(admin, "publishers", name=f"mailer {start}")["secret"]
    content = made(admin, "contents", title="On engines", body="Text.", status="published")
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    order = {"content_id": content["id"], "channel": "email"}
    if start == "planned":
        order["scheduled_at"] = soon
    wanted = {made(admin, "distributions", **order)["id"]}
    sqs = queue_client(instance)
    (queue,) = [
        address
        for address in sqs.list_queues()["QueueUrls"]
        if address.endswith("DistributionQueue")
    ]
    came: dict[str, dict[str, Any]] = {}

    def all_came() -> bool:
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get(
            "Messages", []
        ):
            body = json.loads(message["Body"])
            came[body["distribution_id"]] = body
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return set(came) >= wanted

    assert eventually(all_came, within_seconds=100)
    for number, one in enumerate(came.values()):
        assert admin.get(one["content"]["url"]).json()["body"] == "Text."
        update = {"distribution_id": one["distribution_id"], "recipient": "ada"}
        body = json.dumps({"type": "delivery.updated", "data": [{**update, "status": "delivered"}]})
        headers = {"Content-Type": "application/json", **signed(secret, f"msg_{number}", body)}
        answer = httpx2.post(one["callback_url"], content=body, headers=headers)
        assert (answer.status_code, answer.json()["applied"]) == (200, 1), answer.text
        again = httpx2.post(one["callback_url"], content=body, headers=headers)
        assert again.json()["repeated"] is True
        forged = httpx2.post(one["callback_url"], content=body + " ", headers=headers)
        assert forged.status_code == 401
        shown = admin.get(f"/api/v1/distributions/{one['distribution_id']}").json()
        assert (shown["status"], shown["content_version"]) == ("sent", 1)


def test_an_event_reaches_a_webhook_and_is_tried_again(
    instance: Instance, admin: httpx2.Client
) -> None:
    with receiving() as receiver:
        receiver.answers["/a"] = answering(503)
        webhook = made(admin, "webhooks", url=f"{receiver.url}/a", events=["contents.published"])
        content = made(admin, "contents", title="On looms", body="Text.", status="published")
        assert eventually(lambda: len(receiver.at("/a")) == 1, within_seconds=60)
        at = f"/api/v1/webhooks/{webhook['id']}"
        assert eventually(lambda: admin.get(at).json()["state"]["status"] == "failing")
        del receiver.answers["/a"]
        assert eventually(lambda: len(receiver.at("/a")) == 2, within_seconds=60)
        first, second = receiver.at("/a")
        assert second.event(webhook["secret"])["data"]["id"] == content["id"]
        assert (first.id, first.body) == (second.id, second.body)
        assert second.at - first.at >= 5
        assert eventually(lambda: admin.get(at).json()["state"]["status"] == "ok")
        attempts = admin.get(f"{at}/attempts").json()["items"]
        assert [(one["number"], one["status"]) for one in attempts] == [(2, 204), (1, 503)]
        assert admin.delete(at, headers={"If-Match": "*"}).status_code == 204
