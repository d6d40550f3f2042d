"""An end to work that takes too long."""

from __future__ import annotations

import ctypes
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# A prototype of our own: the library's shared one may be given other types by anyone.
_raise_in = ctypes.PYFUNCTYPE(ctypes.c_int, ctypes.c_ulong, ctypes.c_void_p)(
    ("PyThreadState_SetAsyncExc", ctypes.pythonapi)
)


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise TimeoutError within the block once so many seconds have passed; 0 for no limit.

    By the system's alarm in a process's main thread. Other threads (Dask's workers), and systems without the
    alarm, get the error from a timer: like the alarm, it strikes between two steps of Python, not within a
    product of matrices.

    Examples
    --------
    >>> with time_limit(60):
    ...     pass
    """
    if not seconds:
        yield
    elif hasattr(signal, "SIGALRM") and threading.current_thread() is threading.main_thread():
        with _alarm(seconds):
            yield
    else:
        try:
            with _timer(seconds):
                yield
        except TimeoutError as error:
            raise error if error.args else TimeoutError(_reason(seconds)) from None


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def stop(_: int, __: FrameType | None) -> None:
        raise TimeoutError(_reason(seconds))

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextmanager
def _timer(seconds: float) -> Iterator[None]:
    """Let another thread raise the error in this one."""
    thread = threading.get_ident()
    state = threading.Lock()
    over = False

    def stop() -> None:
        with state:
            if not over:
                _raise_in(thread, id(TimeoutError))

    timer = threading.Timer(seconds, stop)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with state:
            over = True
            _raise_in(thread, None)  # one that is on its way and has not arrived
        timer.cancel()


def _reason(seconds: float) -> str:
    return f"it took longer than {seconds:g} s"
