"""One model pass at a time, a bounded number of requests behind it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from motiflens.analyses.serve.limits import Limits
from motiflens.analyses.serve.refused_error import RefusedError

T = TypeVar("T")
_END = object()


class ModelQueue:
    """Runs the steps of requests in one thread, request after request.

    Parameters
    ----------
    limits
        How many may wait, and how long a request may take.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._turn = asyncio.Lock()
        self._waiting = 0
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="motiflens-model")

    async def steps(
        self, work: Iterator[T], gone: Callable[[], Awaitable[bool]] | None = None
    ) -> AsyncIterator[T]:
        """Yield what `work` yields, computed in the model's thread.

        Parameters
        ----------
        work
            Yields after each step, so that time and the client can be looked after between them.
        gone
            Tells whether the client has gone; then the work ends.

        Raises
        ------
        RefusedError
            503 if too many wait already, or the time is over.
        """
        if self._waiting >= self._limits.waiting:
            raise RefusedError(503, "too many requests are waiting: try again in a moment")
        self._waiting += 1
        try:
            async with self._turn:
                end = time.monotonic() + self._limits.seconds
                loop = asyncio.get_running_loop()
                while True:
                    step = await loop.run_in_executor(self._thread, next, work, _END)
                    if step is _END:
                        return
                    yield step  # type: ignore[misc]
                    if time.monotonic() > end:
                        raise RefusedError(
                            503, f"this took longer than {self._limits.seconds:g} s: send less at a time"
                        )
                    if gone is not None and await gone():
                        return
        finally:
            self._waiting -= 1

    async def once(self, compute: Callable[[], T]) -> T:
        """Return what `compute` returns, computed in the model's thread; errors as in `steps`."""
        async for value in self.steps(_one(compute)):
            return value
        raise AssertionError("a computation has one step")

    def close(self) -> None:
        """Let the running step end, and no other begin."""
        self._thread.shutdown(wait=True, cancel_futures=True)


def _one(compute: Callable[[], T]) -> Iterator[T]:
    yield compute()
