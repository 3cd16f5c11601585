"""Serve GET /@host/live: the host runs, even if it serves no HTTP of a function."""

from groundwork_lambda_host.sockets.asgi import Receive, Scope, Send, respond_json


class LivenessPage:
    """Responds with 200 without a token, and reveals only that the host runs."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        """Respond to one request."""
        if scope["path"] != "/@host/live":
            return await respond_json(send, 404)
        if scope["method"] not in {"GET", "HEAD"}:
            return await respond_json(send, 405, headers=[("allow", "GET, HEAD")])
        return await respond_json(send, 200, {"status": "ok"})
