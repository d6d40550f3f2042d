"""How processes that work for a command end with it: Ctrl-C is its parent's to hear, and to pass on."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from multiprocessing.context import SpawnContext, SpawnProcess
from types import FrameType

_PATIENCE = 10.0  # seconds for a worker to leave its files whole


class WorkerProcess(SpawnProcess):
    """A process that no Ctrl-C of the terminal reaches, which goes to all processes there.

    It would print a traceback of its own, at any moment from its first import on; see `end_workers`.
    """

    def start(self) -> None:
        """Start it; the interrupt is blocked, and stays so in the new process."""
        with _blocked():
            super().start()

    def run(self) -> None:
        """In the new process: do the work, and end with the parent, however that ends."""
        threading.Thread(target=_end_with_parent, daemon=True).start()
        super().run()


def _end_with_parent() -> None:
    """A parent that is killed closes no pipes that its workers wait on: they would work on for ever."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


class WorkerContext(SpawnContext):
    """Starts such processes."""

    Process = WorkerProcess


@contextlib.contextmanager
def _blocked() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def heed_end() -> None:
    """In a worker: take the signal of `end_workers` as Ctrl-C, so that a training writes what it has."""
    signal.signal(signal.SIGTERM, _end)


def _end(number: int, frame: FrameType | None) -> None:
    handler = signal.getsignal(signal.SIGINT)
    if callable(handler) and handler is not signal.default_int_handler:
        handler(number, frame)
    else:
        raise SystemExit(1)  # quiet also where a worker waits for work


def end_workers() -> None:
    """End the work of this process's workers: they leave their files whole, or are killed after ten seconds."""
    workers = [child for child in multiprocessing.active_children() if isinstance(child, WorkerProcess)]
    try:
        for worker in workers:
            worker.terminate()
        until = time.monotonic() + _PATIENCE
        for worker in workers:
            worker.join(max(0.0, until - time.monotonic()))
    finally:  # also after a second Ctrl-C
        for worker in workers:
            if worker.is_alive():
                worker.kill()
