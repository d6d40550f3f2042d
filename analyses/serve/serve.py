"""Serving runs to a browser."""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Callable, Sequence

from motiflens.analyses.serve.limits import Limits
from motiflens.models import types


def serve(
    runs: Sequence[types.Path],
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    limits: Limits | None = None,
    ready: Callable[[], None] | None = None,
) -> None:
    """Serve a page to try sequences on, until it is stopped (Ctrl-C).

    Parameters
    ----------
    runs
        Run folders.
    host
        Address to listen on. Any but the loopback addresses lets other machines in: the caller says so.
    port
        TCP port; 0 takes a free one.
    limits
        What a client may ask.
    ready
        Called when the runs are open and the address is known to be free.

    Raises
    ------
    ValueError
        For a port out of range, an address that cannot be listened on, or without the extra ``serve``. Others as
        in `open_runs`.
    """
    if not 0 <= port <= 65535:
        raise ValueError(f"port is {port}: expected 0 to 65535")
    try:
        import uvicorn

        from motiflens.analyses.serve.app import make_app
        from motiflens.analyses.serve.served_run import open_runs
    except ImportError as error:
        raise ValueError(f"serving needs {error.name}: pip install 'motiflens[serve]'") from error
    opened = open_runs(runs)
    _check_free(host, port)
    if ready is not None:
        ready()
    app = make_app(opened, limits=limits) if is_loopback(host) else make_app(opened, limits=limits, hosts=None)
    # Keep-alive connections of browsers must not hold up the stop; access lines would repeat what people paste.
    uvicorn.run(
        app, host=host, port=port, log_level="warning", access_log=False, limit_concurrency=100,
        timeout_keep_alive=5, timeout_graceful_shutdown=5, server_header=False,
    )  # fmt: skip


def _check_free(host: str, port: int) -> None:
    """Refuse an address that cannot be listened on; the server itself would end the process."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        reason = error.strerror or str(error)
        raise ValueError(f"{host} port {port} cannot be listened on ({reason}): give another --port") from error


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, True, False)
    """
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
