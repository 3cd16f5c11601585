"""Size limits of JSON values and long texts, measured as Postgres writes them.

One stored item must fit into one response. Lambda limits a response to 6 MB, in which the body is
a JSON string of up to twice its bytes.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, TypeVar

from pydantic import AfterValidator, JsonValue
from pydantic_core import to_json

from groundwork_core.resources.field_types import Text

JSON_BYTES_MAX = 1_000_000
"""Maximum bytes of one field, as `jsonb::text`."""
TEXTS_BYTES_MAX = 2_500_000
"""Maximum bytes of the long texts of one item together, as JSON."""
THING_BYTES_MAX = 2_900_000
"""Maximum bytes of one item, as JSON."""
EXPANSION = 64
"""Maximum factor of `jsonb::text` to JSON: `1e300,` becomes 301 digits and a space."""
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_EXPONENT = re.compile(r"[0-9]e[+-]([0-9]+)")

Value = TypeVar("Value", bound=JsonValue)


def stored_bytes(value: JsonValue) -> int:
    """Return an upper estimate of the bytes of a JSON value as Postgres writes it.

    Postgres writes a space after `,` and `:`, escapes little, and writes numbers without exponents.
    """
    text = json.dumps(value, ensure_ascii=False)
    # Python writes exponents with a sign.
    numbers = _STRING.sub('""', text) if "e+" in text or "e-" in text else ""
    digits = sum(int(exponent[1]) for exponent in _EXPONENT.finditer(numbers))
    return len(text.encode("utf-8", "surrogatepass")) + digits


def _bounded(value: Value) -> Value:
    short = to_json(value)
    if len(short) * EXPANSION > JSON_BYTES_MAX and stored_bytes(value) > JSON_BYTES_MAX:
        message = f"must take at most {JSON_BYTES_MAX:,} bytes as JSON"
        raise ValueError(message)
    return value


AnyJson = Annotated[JsonValue, AfterValidator(_bounded)]
"""Any JSON value of at most JSON_BYTES_MAX."""
JsonObject = Annotated[dict[str, JsonValue], AfterValidator(_bounded)]
"""A JSON object of at most JSON_BYTES_MAX."""


def _answerable(text: str) -> str:
    if json_bytes(text) > TEXTS_BYTES_MAX:
        message = f"must take at most {TEXTS_BYTES_MAX:,} bytes as JSON"
        raise ValueError(message)
    return text


BoundedText = Annotated[Text, AfterValidator(_answerable)]
"""A long text of at most TEXTS_BYTES_MAX as JSON."""


def json_bytes(*texts: str | None) -> int:
    """Return an upper bound for the bytes of short texts as JSON strings."""
    given = [text for text in texts if text]
    most = 6 * sum(map(len, given))
    if most <= TEXTS_BYTES_MAX:
        return most
    return sum(len(json.dumps(text, ensure_ascii=False).encode()) for text in given)
