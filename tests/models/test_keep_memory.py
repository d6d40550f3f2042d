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

kept = None if sys.argv[1] == "plain" else keep_memory(large=sys.argv[1] == "large")
for _ in range(4):  # the last time is counted
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    arrays = [np.empty(size << 20, dtype=np.uint8) for size in [int(sys.argv[2])] * 6]
    for array in arrays:
        array[::4096] = 1
    del array, arrays
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(mode: str, size: int) -> tuple[str, int]:
    made = subprocess.run(
        [sys.executable, "-c", _FAULTS, mode, str(size)], check=True, capture_output=True, text=True
    )
    kept, number = made.stdout.split()
    return kept, int(number)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="of glibc")
@pytest.mark.parametrize(("mode", "size"), [("keep", 12), ("large", 12), ("large", 40)])
def test_pages_are_cleared_once(mode: str, size: int) -> None:
    kept, number = faults(mode, size)
    if kept == "False":
        pytest.skip("another C library")
    assert number < 20
    assert faults("plain", size)[1] > 20 + number
