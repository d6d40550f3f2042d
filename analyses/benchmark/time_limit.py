"""An end to work that takes too long."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError within the block once so many seconds have passed; 0 for no limit.

    By the system's alarm, which only a process's main thread has: in other threads (Dask's workers) and on systems
    without it there is no limit.

    Examples
    --------
    >>> with time_limit(60):
    ...     pass
    """
    possible = hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread()
    if not seconds or not possible:
        yield
        return

    def stop(_: int, __: FrameType | None) -> None:
        raise TimeoutError(f"it took longer than {seconds:g} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
