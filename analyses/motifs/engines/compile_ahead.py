"""Compiling the motif engines while something else is done."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from motiflens.models.cache import cache_folder
from motiflens.models.executor import cores

_CODE: Final = (
    "import os, pathlib, sys, threading\n"
    # A parent that is killed closes the pipe, and nothing more: without this the process would outlive it.
    "threading.Thread(target=lambda: (os.read(0, 1), os._exit(1)), daemon=True).start()\n"
    "os.nice(5) if hasattr(os, 'nice') else None\n"
    "import motiflens.analyses.motifs.engines.scan, motiflens.analyses.motifs.engines.match\n"
    "import motiflens.analyses.motifs.engines.pvalues_numba, motiflens.analyses.motifs.engines.denovo_numba\n"
    "import motiflens.analyses.motifs.engines.seqlets_numba\n"
    "pathlib.Path(sys.argv[1]).touch()\n"
)


@contextmanager
def compile_ahead() -> Iterator[None]:
    """Within the block a process of its own compiles the engines into numba's cache, once per machine and version.

    They are compiled when they are first imported, some seconds of one core; where something takes longer anyway,
    such as a training, they can be ready by its end. Leaving the block waits for the process; whatever goes wrong
    in it is left to the import that comes later. With one core there is nothing to gain, and nothing is done.
    """
    mark = cache_folder("engines") / f"{_state()}.compiled"
    if mark.exists() or cores() < 2:
        yield
        return
    with subprocess.Popen(
        [sys.executable, "-c", _CODE, str(mark)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        try:
            yield
        except BaseException:
            process.kill()
            raise
        finally:
            process.wait()


def _state() -> str:
    """Return a name of what the compiled code depends on: kernels, interpreter, and where numba keeps it."""
    parts = [sys.version, os.environ.get("NUMBA_CACHE_DIR", ""), str(Path(__file__).resolve())]
    for path in sorted(Path(__file__).parent.glob("*.py")):
        parts.append(f"{path.name} {path.stat().st_mtime_ns} {path.stat().st_size}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
