"""Freed memory is used again: the kernel has no pages to clear for the next array of the same size."""

from __future__ import annotations

import subprocess
import sys

import pytest

_FAULTS = """
import resource
import sys
import numpy as np
from motiflens.models.keep_memory import keep_memory

kept = keep_memory() if sys.argv[1] == "keep" else None
for _ in range(4):  # the last time is counted
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    arrays = [np.empty(size << 20, dtype=np.uint8) for size in (12,) * 6]
    for array in arrays:
        array[::4096] = 1
    del array, arrays
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(mode: str) -> tuple[str, int]:
    made = subprocess.run([sys.executable, "-c", _FAULTS, mode], check=True, capture_output=True, text=True)
    kept, number = made.stdout.split()
    return kept, int(number)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of glibc")
def test_pages_are_cleared_once() -> None:
    kept, number = faults("keep")
    if kept == "False":
        pytest.skip("another C library")
    assert number < 20
    assert faults("plain")[1] > 1000 + number
