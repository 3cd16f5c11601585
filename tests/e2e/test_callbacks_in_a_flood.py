"""Callbacks of publishers at once over many connections, half of them with wrong signatures."""

import json
import time
from concurrent.futures import ThreadPoolExecutor

import httpx2
import psycopg
from tests.child_instance import Instance

from ..standard_webhooks import signed
from .test_publishing import made

CALLBACKS = 240
AT_ONCE = 24
BUSY = {429, 503}


def test_of_a_flood_every_good_callback_is_stored_once_or_put_off_and_no_forged_one(
    instance: Instance, admin: httpx2.Client
) -> None:
    secret = made(admin, "publishers", name="flooding")["secret"]
    content = made(admin, "contents", title="On floods")["id"]
    order = {"content_id": content, "channel": "email", "status": "sending"}
    of = made(admin, "distributions", **order)["id"]

    def send(client: httpx2.Client, number: int) -> set[int]:
        """Send one until it is not put off; return the statuses of its responses."""
        forged = number % 2 == 1
        recipient = f"{'forged' if forged else 'good'}-{number}"
        update = {"distribution_id": of, "recipient": recipient, "status": "sent"}
        body = json.dumps({"type": "delivery.updated", "data": update})
        headers = {"Content-Type": "application/json", **signed(secret, f"m{number}", body)}
        if forged:
            headers["webhook-signature"] = signed(secret, "another", body)["webhook-signature"]
        statuses = set()
        while True:
            answer = client.post("/api/v1/deliveries/callbacks", content=body, headers=headers)
            statuses.add(answer.status_code)
            if answer.status_code not in BUSY:
                return statuses
            time.sleep(float(answer.headers["Retry-After"]))

    with (
        httpx2.Client(base_url=instance.url, timeout=60) as client,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        found = list(pool.map(lambda number: send(client, number), range(CALLBACKS)))
    assert set().union(*found[0::2]) - BUSY == {200}
    assert set().union(*found[1::2]) - BUSY == {401}
    with psycopg.connect(instance.addresses["DATABASE_URL"]) as connection:
        stored = connection.execute(
            "SELECT recipient, version FROM deliveries WHERE distribution_id = %s", [of]
        ).fetchall()
    assert sorted(stored) == sorted((f"good-{number}", 1) for number in range(0, CALLBACKS, 2))
