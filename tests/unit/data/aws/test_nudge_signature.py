"""Our own requests are signed as botocore signs it."""

from datetime import UTC, datetime

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as BotoCredentials

from groundwork_data.aws.signed_request import AwsCredentials, AwsService

HOST = "sqs.eu-central-1.amazonaws.com"
BODY = b'{"QueueUrl": "q", "MessageBody": "{}"}'


@pytest.mark.parametrize("session_token", [None, "session token=="])
def test_the_signature_is_that_of_botocore(session_token: str | None) -> None:
    credentials = AwsCredentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCY", session_token)
    at = datetime.now(UTC)
    service = AwsService(
        f"https://{HOST}/1/q", "sqs", "application/x-amz-json-1.0", "eu-central-1", credentials,
        now=lambda: at,
    )  # fmt: skip

    ours = service.headers("AmazonSQS.SendMessage", HOST, BODY)

    given = {n: v for n, v in ours.items() if n not in ("authorization", "host", "x-amz-date")}
    request = AWSRequest("POST", f"https://{HOST}/", headers=given, data=BODY)
    request.context["timestamp"] = ours["x-amz-date"]
    signer = SigV4Auth(
        BotoCredentials("AKIDEXAMPLE", credentials.secret_access_key, session_token),
        "sqs",
        "eu-central-1",
    )
    request.headers["X-Amz-Date"] = ours["x-amz-date"]
    canonical = signer.canonical_request(request)
    theirs = signer.signature(signer.string_to_sign(request, canonical), request)
    assert ours["authorization"].endswith(f"Signature={theirs}")


def test_no_representation_shows_a_secret() -> None:
    shown = repr(AwsCredentials("AKIDEXAMPLE", "the secret", "the session"))

    assert "the secret" not in shown
    assert "the session" not in shown


def test_without_both_variables_there_are_no_static_credentials() -> None:
    assert AwsCredentials.from_environment({"AWS_ACCESS_KEY_ID": "x"}) is None
    assert AwsCredentials.from_environment({}) is None
