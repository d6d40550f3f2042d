"""Letting a program keep the memory that it frees."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

# Options of glibc's mallopt, and what they are set to. The first is the greatest that it takes.
_OPTIONS: Final = ((-3, 32 * 2**20), (-1, 256 * 2**20), (-2, 64 * 2**20))  # M_MMAP_THRESHOLD, M_TRIM_…, M_TOP_PAD


# With none of glibc's own mappings (M_MMAP_MAX), and up to 1 GB at the end of its heap.
_LARGE: Final = ((-4, 0), (-1, 2**30))


def keep_memory(*, large: bool = False) -> bool:
    """Let glibc's allocator reuse freed memory in place of giving it back to the kernel; say whether it will.

    Outputs of layers have some megabytes, which glibc maps anew for each one, and the kernel then clears page by
    page: a fifth to a third of the CPU time of attribution on one core. Peaks of memory stay as they are; at most
    256 MB that are free stay with the process. For programs (the command line and its workers), not for
    libraries: it holds for the whole process. Elsewhere than with glibc it does nothing.

    Parameters
    ----------
    large
        Keep arrays beyond 32 MB, too, which the layers of large models have in training (a tenth to a fifth of the
        CPU time of TBiNet, DanQ and DeepSEA): up to 1 GB, and the heap has gaps (5 to 20 % more memory).
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library
        return False
    options = (*_OPTIONS, *_LARGE) if large else _OPTIONS
    return all(mallopt(option, value) == 1 for option, value in options)
