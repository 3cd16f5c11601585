"""Identifiers: UUID version 7 (RFC 9562 section 5.7), which sort by creation time."""

from __future__ import annotations

import secrets
import time
from datetime import datetime
from uuid import UUID


def new_id() -> UUID:
    """Return a UUIDv7: 48 bits of Unix milliseconds, the rest random."""
    milliseconds = time.time_ns() // 1_000_000
    random_bits = secrets.randbits(74)
    value = (milliseconds & 0xFFFF_FFFF_FFFF) << 80
    value |= 0x7 << 76
    value |= (random_bits >> 62) << 64
    value |= 0b10 << 62
    value |= random_bits & 0x3FFF_FFFF_FFFF_FFFF
    return UUID(int=value)


def first_id(at: datetime) -> UUID:
    """Return the lowest id (UUID version 7) that can have been made at a time."""
    return UUID(int=(int(at.timestamp() * 1_000) << 80) | (7 << 76) | (2 << 62))
