"""However much is sent at once, the server keeps little of it."""

from __future__ import annotations

import http.client
import json
import socket
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memory is read from /proc"),
]
CLIENTS = 50
LINE = b"ACGT" * 2_500_000  # 10 MB


def peak_mb(pid: int) -> float:
    """The most memory that a process has held so far, in MB."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("VmHWM"))) / 1024


def ask(url: str, body: bytes) -> int:
    """Return the status of a request; 0 if the server hung up before it had read all of it."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=60)
    try:
        connection.request("POST", "/api/predict", body, {"content-type": "application/json"})
        return connection.getresponse().status
    except (ConnectionError, http.client.HTTPException):
        return 0
    finally:
        connection.close()


def test_fifty_clients_with_lines_of_ten_megabytes(server: Any) -> None:
    """500 MB are sent at once: what is kept is eight requests of 2 MB, and the model works on."""
    small = json.dumps({"run": "tbinet", "sequences": "ACGT" * 15}).encode()
    assert ask(server.url, small) == 200
    before = peak_mb(server.pid)
    body = b'{"run": "tbinet", "sequences": "' + LINE + b'"}'
    with ThreadPoolExecutor(CLIENTS) as threads:
        statuses = list(threads.map(lambda _: ask(server.url, body), range(CLIENTS)))
    assert set(statuses) <= {0, 413, 429}
    assert peak_mb(server.pid) - before < 100
    assert ask(server.url, small) == 200


def test_clients_that_say_nothing_cost_nothing(server: Any) -> None:
    """Fifty open connections, half of them with half a head: others are served."""
    host, port = urlsplit(server.url).hostname, urlsplit(server.url).port
    silent = [socket.create_connection((host, port), timeout=10) for _ in range(CLIENTS)]
    try:
        for connection in silent[::2]:
            connection.sendall(b"POST /api/predict HTTP/1.1\r\nHost: ")
        before = peak_mb(server.pid)
        assert ask(server.url, json.dumps({"run": "tbinet", "sequences": "ACGT"}).encode()) == 200
        assert peak_mb(server.pid) - before < 20
    finally:
        for connection in silent:
            connection.close()
