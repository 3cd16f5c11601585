"""A first event for every function: small, real, and successful."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

Event = dict[str, Any]


def http(
    method: str,
    path: str,
    resource: str,
    *,
    headers: dict[str, str] | None = None,
    body: object = None,
    path_parameters: dict[str, str] | None = None,
) -> Event:
    """An API Gateway v1 proxy event."""
    sent = {"Host": "localhost", "Content-Type": "application/json", **(headers or {})}
    return {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": sent,
        "multiValueHeaders": {name: [value] for name, value in sent.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": path_parameters,
        "stageVariables": None,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "stage": "local",
            "protocol": "HTTP/1.1",
            "httpMethod": method,
            "path": path,
            "resourcePath": resource,
            "requestId": str(uuid4()),
            "requestTimeEpoch": 0,
            "identity": {"sourceIp": "127.0.0.1", "userAgent": "benchmark"},
        },
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }


def queue_message(queue: str, body: object) -> Event:
    """An SQS event with one message."""
    return {
        "Records": [
            {
                "messageId": str(uuid4()),
                "receiptHandle": "receipt",
                "body": json.dumps(body),
                "attributes": {
                    "ApproximateReceiveCount": "1",
                    "SentTimestamp": "0",
                    "SenderId": "000000000000",
                    "ApproximateFirstReceiveTimestamp": "0",
                },
                "messageAttributes": {},
                "md5OfBody": "",
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:eu-central-1:000000000000:{queue}",
                "awsRegion": "eu-central-1",
            }
        ]
    }


def schedule() -> Event:
    """An EventBridge Scheduler run."""
    return {
        "version": "0",
        "id": str(uuid4()),
        "detail-type": "Scheduled Event",
        "source": "aws.scheduler",
        "account": "000000000000",
        "time": "2026-01-01T00:00:00Z",
        "region": "eu-central-1",
        "resources": [],
        "detail": {},
    }


def socket(route: str, body: object = None) -> Event:
    """A WebSocket event."""
    return {
        "requestContext": {
            "routeKey": route,
            "eventType": {"$connect": "CONNECT"}.get(route, "MESSAGE"),
            "connectionId": "cold-start",
            "requestId": str(uuid4()),
            "stage": "ws",
            "apiId": "local",
            "domainName": "localhost",
            "connectedAt": 0,
            "requestTimeEpoch": 0,
            "identity": {"sourceIp": "127.0.0.1"},
        },
        "headers": {},
        "queryStringParameters": {"ticket": "none"},
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    }
