"""What benchmarks of speed share: callables timed in turns on one core, and peaks of fresh processes.

Machines and neighbours differ, and a core's clock and caches change from minute to minute: so contenders are timed
in turns within one process, by its own CPU time and by the clock, and the best of each is kept.
"""

from __future__ import annotations

import contextlib
import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from motiflens.models.keep_memory import keep_memory

RESULTS = Path(__file__).resolve().parent / "results"


class Best(NamedTuple):
    """The least CPU time and the least time by the clock, in seconds."""

    cpu: float
    wall: float


def one_core() -> None:
    """Pin this process to the last core it may use, ahead of others if allowed, and let it keep freed memory."""
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    with contextlib.suppress(PermissionError):
        os.nice(-5)
    keep_memory()  # as the command line does: it helps all contenders


def once(call: Callable[[], Any]) -> Best:
    """Time one call."""
    wall, cpu = time.perf_counter(), time.process_time()
    call()
    return Best(time.process_time() - cpu, time.perf_counter() - wall)


def in_turns(
    contenders: Mapping[str, Callable[[], Any]], *, fewest: int = 3, most: int = 12, enough: float = 2.0
) -> dict[str, Best]:
    """Time contenders in turns: `fewest` rounds, and up to `most` until `enough` seconds were spent."""
    best = {name: Best(math.inf, math.inf) for name in contenders}
    rounds, spent = 0, 0.0
    while rounds < fewest or (spent < enough and rounds < most):
        for name, call in contenders.items():
            new = once(call)
            best[name] = Best(min(best[name].cpu, new.cpu), min(best[name].wall, new.wall))
            spent += new.cpu / len(contenders)
        rounds += 1
    return best


def processor() -> str:
    """Return the processor's name and how many of its cores this process may use."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    name = next(line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith("model name"))
    return f"{name} ({len(os.sched_getaffinity(0))} cores to use)"


def memory(key: str) -> float:
    """Return a number of the kernel's record of this process, in MiB: VmRSS, or VmHWM for the peak."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith(key):
            return int(line.split()[1]) / 1024
    raise OSError(f"the kernel does not tell {key}")


def forget_peak() -> None:
    """Make VmHWM count from now on."""
    Path("/proc/self/clear_refs").write_text("5", encoding="utf-8")


def peaks(contenders: Mapping[str, Callable[[], Any]]) -> dict[str, float]:
    """Call each contender once, so that what is slow only once is done; return what memory it took, in MiB."""
    taken = {}
    for name, call in contenders.items():
        forget_peak()
        before = memory("VmRSS")
        call()
        taken[name] = memory("VmHWM") - before
    return taken
