"""Store the files of exports in a bucket of S3, with boto3."""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Protocol

from groundwork_core.errors import NotFound, Unavailable
from groundwork_core.exports.model import EXPORTS
from groundwork_core.ids import first_id

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime

MOST_REMOVED = 1_000
"""Keys in one call, of lists and of removals."""


class Body(Protocol):
    """The content of an object that is being downloaded."""

    def read(self) -> bytes:
        """Return all of it."""
        ...


class S3Client(Protocol):
    """The methods of boto3's S3 client that are used."""

    def put_object(self, **given: object) -> object:
        """Store an object."""
        ...

    def get_object(self, **given: object) -> Mapping[str, Body]:
        """Return an object; its content is `Body`."""
        ...

    def list_objects_v2(self, **given: object) -> Mapping[str, list[Mapping[str, str]]]:
        """Return up to 1,000 objects as `Contents`, in the order of their keys."""
        ...

    def delete_objects(self, **given: object) -> Mapping[str, list[Mapping[str, str]]]:
        """Remove objects; `Errors` are those that were not."""
        ...

    def generate_presigned_url(self, operation: str, **given: object) -> str:
        """Return a URL that carries its own right."""
        ...


class BucketFiles:
    """Implements `ExportFiles`."""

    def __init__(self, client: Callable[[], S3Client], bucket: str) -> None:
        """`client` creates the client at its first use."""
        self._s3 = cache(client)
        self._bucket = bucket

    def put(self, key: str, content: bytes) -> None:
        """Store an object in one request; S3 shows it as a whole or not at all."""
        with _as_unavailable():
            self._s3().put_object(Bucket=self._bucket, Key=key, Body=content)

    def read(self, key: str) -> bytes:
        """Return an object's content. Raises NotFound: it is not there."""
        with _as_unavailable():
            return self._s3().get_object(Bucket=self._bucket, Key=key)["Body"].read()

    def address(self, key: str, valid_seconds: int) -> str | None:
        """Return a presigned URL."""
        with _as_unavailable():
            return self._s3().generate_presigned_url(
                "get_object",
                Params={"Bucket": self._bucket, "Key": key},
                ExpiresIn=valid_seconds,
            )

    def remove(self, folder: str) -> None:
        """Remove all objects whose key begins with `folder`."""
        while keys := self._keys(folder):
            self._remove(keys)

    def remove_before(self, moment: datetime) -> int:
        """Remove the objects of runs that began before a time: the first of all, by their keys."""
        bound = f"{EXPORTS}{first_id(moment)}"
        removed = 0
        while keys := [key for key in self._keys(EXPORTS) if key < bound]:
            self._remove(keys)
            removed += len(keys)
        return removed

    def _keys(self, prefix: str) -> list[str]:
        with _as_unavailable():
            found = self._s3().list_objects_v2(
                Bucket=self._bucket, Prefix=prefix, MaxKeys=MOST_REMOVED
            )
        return [one["Key"] for one in found.get("Contents", [])]

    def _remove(self, keys: list[str]) -> None:
        with _as_unavailable():
            response = self._s3().delete_objects(
                Bucket=self._bucket,
                Delete={"Objects": [{"Key": key} for key in keys], "Quiet": True},
            )
        for failed in response.get("Errors", []):
            raise Unavailable(f"The bucket of exports refuses: {failed.get('Code')}.")


@contextmanager
def _as_unavailable() -> Iterator[None]:
    from botocore.exceptions import BotoCoreError, ClientError  # lazy boto3

    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code")
        if code == "NoSuchKey":
            raise NotFound("This file does not exist.") from None
        raise Unavailable(f"The bucket of exports refuses: {code}.") from error
    except BotoCoreError as error:
        raise Unavailable(
            f"The bucket of exports cannot be reached: {type(error).__name__}."
        ) from error
