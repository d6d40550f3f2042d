"""No process that a command starts outlives it, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

# Each starts a process that would work for ten minutes, prints its number and does as long itself.
CONTROLS = """
import os, time
from motiflens.models.worker_process import WorkerContext

def work(*_):
    print(os.getpid(), flush=True)
    time.sleep(600)

if __name__ == "__main__":
    WorkerContext().Process(target=work, daemon=True).start()
    time.sleep(600)
"""
POOL = """
import os, time
from motiflens.models.executor import Workers, executor

def work(_):
    print(os.getpid(), flush=True)
    time.sleep(600)

if __name__ == "__main__":
    with executor(Workers(processes=2)) as pool:
        list(pool.map(work, range(2)))
"""
COMPILING = """
import importlib, subprocess, time
module = importlib.import_module("motiflens.analyses.motifs.engines.compile_ahead")
module._cores = lambda: {0, 1}
lines = module._CODE.splitlines()
module._CODE = "\\n".join([*(line for line in lines if "engines" not in line), "import time", "time.sleep(600)"])
popen = subprocess.Popen

def start(*given, **named):
    process = popen(*given, **named)
    print(process.pid, flush=True)
    return process

module.subprocess.Popen = start
with module.compile_ahead():
    time.sleep(600)
"""


def alive(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state not in "ZX"


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="asks the system for its processes")
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL, signal.SIGHUP])
@pytest.mark.parametrize(("program", "count"), [(CONTROLS, 1), (POOL, 2), (COMPILING, 1)])
def test_no_child_outlives_a_killed_parent(
    program: str, count: int, ending: signal.Signals, tmp_path: Path
) -> None:
    """SIGTERM of `motifs --model` left the processes that make controls and compile."""
    heeded = "import signal\nsignal.signal(signal.SIGHUP, signal.SIG_DFL)\n"  # nohup has it ignored
    (tmp_path / "program.py").write_text(heeded + program, encoding="utf-8")
    where = os.environ | {"MOTIFLENS_CACHE": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, str(tmp_path / "program.py")], stdout=subprocess.PIPE, text=True, env=where
    ) as parent:
        assert parent.stdout is not None
        children = [int(parent.stdout.readline()) for _ in range(count)]
        assert all(alive(child) for child in children)
        parent.send_signal(ending)
        parent.wait()
        until = time.monotonic() + 30
        while any(alive(child) for child in children) and time.monotonic() < until:
            time.sleep(0.05)
        left = [child for child in children if alive(child)]
        for child in left:
            os.kill(child, signal.SIGKILL)
    assert left == []
