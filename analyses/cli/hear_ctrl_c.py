"""Ctrl-C is heard by every command, also in a shell's background jobs."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterator


@contextlib.contextmanager
def hear_ctrl_c() -> Iterator[None]:
    """Let an interrupt (SIGINT) raise KeyboardInterrupt within the block, though it was ignored before.

    What a script starts with ``&`` inherits from its shell that interrupts are ignored, so that `kill -INT` would
    do nothing to a training that takes a day. What was set before is set again at the end.

    Examples
    --------
    >>> with hear_ctrl_c():
    ...     signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    False
    """
    before = signal.getsignal(signal.SIGINT)
    if before is not signal.SIG_IGN or threading.current_thread() is not threading.main_thread():
        yield
        return
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
