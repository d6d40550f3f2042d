"""What stands between the network and the page: hosts, clients, and headers that browsers obey."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

# No inline script or style, nothing from elsewhere, nowhere to send a form, no frame around it.
HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}


class GuardRequests:
    """Middleware: bounds requests per address, refuses foreign Host names, and adds `HEADERS`.

    Parameters
    ----------
    app
        What it guards.
    hosts
        Names by which the page may be called; an attacker's page that resolves to this machine is not among
        them. None allows any.
    per_client
        Requests of one address that may be under way.
    """

    def __init__(self, app: ASGIApp, *, hosts: frozenset[str] | None, per_client: int) -> None:
        self._app, self._hosts, self._per_client = app, hosts, per_client
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def with_headers(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                own = [(name.encode(), value.encode()) for name, value in HEADERS.items()]
                message = {**message, "headers": [*message.get("headers", []), *own]}
            await send(message)

        client = (scope.get("client") or ("",))[0]
        if self._hosts is not None and _host(scope) not in self._hosts:
            await _answer(with_headers, 421, "this page is not served under that name")
            return
        if self._open[client] >= self._per_client:
            await _answer(with_headers, 429, "too many requests at once from this address: wait for the others")
            return
        self._open[client] += 1
        try:
            await self._app(scope, receive, with_headers)
        except Exception:
            if not started:
                await _answer(with_headers, 500, "this request failed: the server's own log tells why")
            raise
        finally:
            self._open[client] -= 1
            if not self._open[client]:
                del self._open[client]


def _host(scope: Any) -> str:
    """Return the name in the Host header, without its port."""
    raw = next((value for key, value in scope["headers"] if key == b"host"), b"").decode("latin-1")
    return raw[: raw.index("]") + 1] if raw.startswith("[") and "]" in raw else raw.partition(":")[0]


async def _answer(send: Any, status: int, message: str) -> None:
    import json

    body = json.dumps({"error": message}).encode()
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
