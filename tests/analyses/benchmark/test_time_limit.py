"""Work is given up in a process's main thread and in the threads of workers alike, and only within the block."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import pytest

from motiflens.analyses.benchmark.time_limit import time_limit


def limited(seconds: float, work: float) -> str:
    """Tell how the block ended."""
    try:
        with time_limit(seconds):
            end = time.monotonic() + work
            while time.monotonic() < end:
                time.sleep(0.005)
    except TimeoutError as error:
        return str(error)
    return "done"


def here(work: Callable[[], str]) -> str:
    return work()


def in_a_thread(work: Callable[[], str]) -> str:
    results: list[str] = []
    thread = threading.Thread(target=lambda: results.append(work()))
    thread.start()
    thread.join()
    return results[0]


@pytest.mark.parametrize("where", [here, in_a_thread])
def test_late_work_ends_and_timely_work_does_not(where: Callable[[Callable[[], str]], str]) -> None:
    assert where(lambda: limited(0.05, 2.0)) == "it took longer than 0.05 s"
    assert where(lambda: limited(30.0, 0.02)) == "done"
    assert where(lambda: limited(0.0, 0.02)) == "done"


def test_nothing_strikes_after_the_block() -> None:
    """Blocks that end just as their time does, again and again: the error comes within the block or not at all."""

    def work() -> str:
        ends = {limited(0.01, 0.01) for _ in range(50)}
        time.sleep(0.05)
        return repr(sorted(ends - {"done", "it took longer than 0.01 s"}))

    assert in_a_thread(work) == "[]"


def test_an_error_of_the_work_is_its_own() -> None:
    def work() -> str:
        with pytest.raises(TimeoutError, match="the server"), time_limit(5):
            raise TimeoutError("the server did not answer")
        return "done"

    assert in_a_thread(work) == "done"
