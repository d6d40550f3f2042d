"""Sequencing one cell type in a process of its own, on another core."""

from __future__ import annotations

import pickle
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from motiflens.models.executor import cores

if TYPE_CHECKING:
    from motiflens.models.data.simulate.world import World

_LEAST: Final = 2_000_000  # bases from which on a process is worth its start
_MOST: Final = 20_000_000  # beyond, two would need much memory
_CODE: Final = (
    "import pickle, sys\n"
    "from motiflens.models.data.simulate.sequence import sequence_cell\n"
    "sequence_cell(*pickle.load(sys.stdin.buffer))\n"
)


class Apart:
    """A cell type that another process may be sequencing."""

    def __init__(self, process: subprocess.Popen[bytes] | None) -> None:
        self._process = process

    @property
    def begun(self) -> bool:
        """Whether a process was started."""
        return self._process is not None

    def done(self) -> bool:
        """Wait for the process; tell whether there is one that has written all of its files."""
        return self._process is not None and self._process.wait() == 0


@contextmanager
def sequence_apart(folder: Path, world: World, cell: int) -> Iterator[Apart]:
    """Within the block a process of its own writes the tracks and peaks of a cell type, as `sequence_cell` does.

    Cell types share no random numbers, so that the files are the same to the byte. It is no worker of
    `multiprocessing`, which would run the caller's script again. With one core, for small genomes, and for large
    ones (memory), there is none; what goes wrong in it is left to the caller, who sees that it is not `done`.
    """
    size = len(world.genome.codes)
    process = None
    if cores() >= 2 and _LEAST <= size <= _MOST:
        process = subprocess.Popen(
            [sys.executable, "-c", _CODE],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
    try:
        if process is not None:
            _hand_over(process, (folder, world, cell))
        yield Apart(process)
    except BaseException:
        if process is not None:
            process.kill()
        raise
    finally:
        if process is not None:
            process.wait()


def _hand_over(process: subprocess.Popen[bytes], what: object) -> None:
    assert process.stdin is not None
    try:
        pickle.dump(what, process.stdin, protocol=5)
        process.stdin.close()
    except BrokenPipeError:  # it has ended: its status tells
        pass
