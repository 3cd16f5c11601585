"""Workers that hand in results: over HTTP, and by a queue."""

from ..jobs.conftest import office, path, shared_rest

__all__ = ["office", "path", "shared_rest"]
