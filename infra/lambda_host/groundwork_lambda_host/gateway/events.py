"""Convert an HTTP request to the event of a REST API (v1)."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import time_ns
from urllib.parse import parse_qsl

import orjson

from groundwork_lambda_host.gateway.routes import Match

_MAX_QUERY_FIELDS = 1000


@dataclass(frozen=True, slots=True)
class Request:
    """A request; the path is raw, header names as received.

    `source_ip` is the client's address; `peer` is that of the connection if it is a proxy's.
    """

    method: str
    path: str
    query: bytes
    headers: Sequence[tuple[bytes, bytes]]
    body: bytes
    source_ip: str
    http_version: str
    trace: str = ""
    peer: str = ""


class EventBuilder:
    """Builds events of one API.

    Args:
        api_id: Its id.
        stage: Its stage.
        account: AWS account of the API.
    """

    def __init__(self, api_id: str, stage: str, account: str) -> None:
        self._api_id, self._stage, self._account = api_id, stage, account
        # Cached, because it changes only once a second.
        self._second, self._time = 0, ""

    def build(self, request: Request, match: Match, request_id: str, trace: str) -> bytes:
        """Return the event as JSON.

        Raises:
            ValueError: The query string has too many fields.
        """
        headers, multi_headers = _headers(request, trace)
        query, multi_query = _query(request.query)
        body, is_base64 = _body(request.body)
        now_ms = time_ns() // 1_000_000
        return orjson.dumps(
            {
                "resource": match.resource,
                "path": request.path,
                "httpMethod": request.method,
                "headers": headers,
                "multiValueHeaders": multi_headers,
                "queryStringParameters": query,
                "multiValueQueryStringParameters": multi_query,
                "pathParameters": match.parameters,
                "stageVariables": None,
                "requestContext": {
                    "accountId": self._account,
                    "apiId": self._api_id,
                    "domainName": headers.get("host", ""),
                    "extendedRequestId": request_id,
                    "httpMethod": request.method,
                    "identity": {
                        "sourceIp": request.source_ip,
                        "userAgent": headers.get("user-agent"),
                    },
                    "path": request.path,
                    "protocol": f"HTTP/{request.http_version}",
                    "requestId": request_id,
                    "requestTime": self._clock(now_ms // 1000),
                    "requestTimeEpoch": now_ms,
                    "resourcePath": match.resource,
                    "stage": self._stage,
                },
                "body": body,
                "isBase64Encoded": is_base64,
            }
        )

    def _clock(self, second: int) -> str:
        if second != self._second:
            self._second = second
            self._time = f"{datetime.fromtimestamp(second, UTC):%d/%b/%Y:%H:%M:%S +0000}"
        return self._time


def _headers(request: Request, trace: str) -> tuple[dict[str, str], dict[str, list[str]]]:
    single: dict[str, str] = {}
    multi: dict[str, list[str]] = {}
    for raw_name, raw_value in request.headers:
        name, value = raw_name.decode("latin-1"), raw_value.decode("latin-1")
        single[name] = value
        if name in multi:
            multi[name].append(value)
        else:
            multi[name] = [value]
    forwarded = single.get("x-forwarded-for")
    peer = request.peer or request.source_ip
    own = {
        "x-forwarded-for": f"{forwarded}, {peer}" if forwarded else peer,
        "x-amzn-trace-id": trace,
    }
    single.update(own)
    multi.update((name, [value]) for name, value in own.items())
    return single, multi


def _query(raw: bytes) -> tuple[Mapping[str, str] | None, Mapping[str, list[str]] | None]:
    if not raw:
        return None, None
    pairs = parse_qsl(
        raw.decode("latin-1"), keep_blank_values=True, max_num_fields=_MAX_QUERY_FIELDS
    )
    multi: dict[str, list[str]] = {}
    for name, value in pairs:
        multi.setdefault(name, []).append(value)
    return ({name: values[-1] for name, values in multi.items()} or None), (multi or None)


def _body(raw: bytes) -> tuple[str | None, bool]:
    if not raw:
        return None, False
    try:
        return raw.decode("utf-8"), False
    except UnicodeDecodeError:
        return base64.b64encode(raw).decode("ascii"), True
