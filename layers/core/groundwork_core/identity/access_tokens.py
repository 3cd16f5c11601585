"""Claims and header of access tokens (RFC 9068), for the signer and for the verifier."""

from __future__ import annotations

AUDIENCE = "groundwork"
"""The claim `aud`."""
TOKEN_TYPE = "at+jwt"  # noqa: S105 - RFC 9068's media type
"""The header `typ`."""
SIGNING_ALGORITHM = "EdDSA"
"""The algorithm of new tokens (Ed25519)."""
ACCEPTED_ALGORITHMS = (SIGNING_ALGORITHM, "ES256")
"""The algorithms of the public keys that a token may name."""
REQUIRED_CLAIMS = ("exp", "iat", "iss", "aud", "sub", "jti")
CLOCK_SKEW_SECONDS = 60
"""Most seconds by which `iat` may be in the future, because the clocks of machines differ. RFC 7519
allows a leeway of a few minutes (section 4.1.4)."""
ACCESS_TOKEN_SECONDS = 600
"""The lifetime of a token."""
