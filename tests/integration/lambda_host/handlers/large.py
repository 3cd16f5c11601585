"""Responds with four million bytes."""


def handler(event: object, context: object) -> dict[str, object]:
    return {"statusCode": 200, "body": "x" * 4_000_000}
