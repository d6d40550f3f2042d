"""Serving runs to a browser."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence

from motiflens.analyses.serve.limits import Limits
from motiflens.models import types


def serve(
    runs: Sequence[types.Path], *, host: str = "127.0.0.1", port: int = 8000, limits: Limits | None = None
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

    Raises
    ------
    ValueError
        For a port out of range, or without the extra ``serve``. Others as in `open_runs`.
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
    app = make_app(opened, limits=limits) if is_loopback(host) else make_app(opened, limits=limits, hosts=None)
    # Keep-alive connections of browsers must not hold up the stop; access lines would repeat what people paste.
    uvicorn.run(
        app, host=host, port=port, log_level="warning", access_log=False, limit_concurrency=100,
        timeout_keep_alive=5, timeout_graceful_shutdown=5, server_header=False,
    )  # fmt: skip


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
