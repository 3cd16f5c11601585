"""Responds in the ways in which handlers respond, by the last part of the path."""

import base64


def handler(event: dict[str, str], context: object) -> object:
    return _ANSWERS[event["path"].rsplit("/", 1)[-1]]


_ANSWERS: dict[str, object] = {
    "cookies": {
        "statusCode": 200,
        "headers": {"X-One": "1"},
        "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]},
        "body": "",
    },
    "binary": {
        "statusCode": 200,
        "headers": {"Content-Type": "image/png"},
        "body": base64.b64encode(b"\x89PNG\x00\xff").decode(),
        "isBase64Encoded": True,
    },
    "nothing": {"statusCode": 204, "body": "should not be sent"},
    "unchanged": {"statusCode": 304, "headers": {"ETag": '"1"'}},
    "text": {"statusCode": 200, "headers": {"Content-Type": "text/plain"}, "body": "größer"},
    "no-status": {"body": "x"},
    "injected": {"statusCode": 200, "headers": {"X-A": "a\r\nX-Evil: 1"}, "body": ""},
    "framing": {
        "statusCode": 200,
        "headers": {"Transfer-Encoding": "chunked", "Content-Length": "9999", "Connection": "x"},
        "body": "ok",
    },
    "text-not-dict": "hello",
    "set": {"statusCode": 200, "body": {1, 2}},
    "list-headers": {"statusCode": 200, "headers": ["a"], "body": ""},
}
