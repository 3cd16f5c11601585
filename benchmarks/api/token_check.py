"""The peers' check of a bearer token: the same as Groundwork's, by PyJWT."""

import json
import os

import jwt
from fastapi import Header, HTTPException

_KEYS = {
    key["kid"]: jwt.PyJWK(key).key
    for key in json.loads(os.environ.get("JWKS", '{"keys":[]}'))["keys"]
}


async def caller(authorization: str = Header()) -> str:
    """Verify signature, issuer, audience and times; return the subject."""
    token = authorization.removeprefix("Bearer ")
    try:
        kid = jwt.get_unverified_header(token)["kid"]
        claims = jwt.decode(
            token,
            _KEYS[kid],
            algorithms=["EdDSA"],
            audience="groundwork",
            options={"require": ["exp", "iat", "iss", "aud", "sub", "jti"]},
        )
    except (jwt.PyJWTError, KeyError) as error:
        raise HTTPException(401) from error
    return str(claims["sub"])
