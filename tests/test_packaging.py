"""The package as it is installed: a whole wheel, one-way imports, a command line that answers at once."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
TOP = ("models", "interpret", "analyses")
BELOW = {"models": ("interpret", "analyses"), "interpret": ("analyses",), "analyses": ()}


def test_each_top_level_folder_is_linked() -> None:
    """src/motiflens holds one relative link a folder, and nothing else."""
    links = {path.name: os.readlink(path) for path in (ROOT / "src" / "motiflens").iterdir()}
    assert links == {top: f"../../{top}" for top in TOP}


def test_the_namespace_has_no_root() -> None:
    assert not (ROOT / "motiflens").exists()
    assert not (ROOT / "__init__.py").exists()


@pytest.mark.parametrize("top", TOP)
def test_nothing_below_imports_from_above(top: str) -> None:
    for path in sorted((ROOT / top).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for name in names:
                for above in BELOW[top]:
                    assert not name.startswith(f"motiflens.{above}"), f"{path}: {name}"


@pytest.mark.slow
def test_the_wheel_holds_every_module_and_data_file(tmp_path: Path) -> None:
    """Built from a copy, so that no stale build folder lends it a file."""
    done = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True
    )
    if done.returncode != 0:
        pytest.skip("no git checkout")
    source = tmp_path / "source"
    for name in done.stdout.decode().split("\0"):
        if (ROOT / name).is_symlink():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).symlink_to(os.readlink(ROOT / name))
        elif name and (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            (source / name).write_bytes((ROOT / name).read_bytes())
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "-w", str(tmp_path / "dist"), str(source)],
        check=True,
    )
    (wheel,) = (tmp_path / "dist").glob("motiflens-*.whl")
    held = {name for name in zipfile.ZipFile(wheel).namelist() if name.startswith("motiflens/")}
    wanted = {
        "motiflens/" + path.relative_to(source).as_posix()
        for top in TOP
        for path in (source / top).rglob("*")
        if path.is_file()
        and (path.suffix in {".py", ".typed"} or path.parent.name in {"templates", "static", "plans"})
    }
    assert held == wanted


def _interpret(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "motiflens.analyses.cli.main", *arguments], capture_output=True, text=True
    )


def test_help_imports_nothing_heavy() -> None:
    """What takes time is counted, not the time: a loaded machine must not fail the test."""
    code = (
        "import sys, motiflens.analyses.cli.main\n"
        "heavy = {'torch', 'numpy', 'pandas', 'scipy', 'matplotlib', 'numba', 'lightning', 'captum', 'h5py'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_version_names_the_parts() -> None:
    done = _interpret("--version")
    assert done.returncode == 0
    assert {"python", "motiflens", "torch", "captum"} <= {line.split()[0] for line in done.stdout.splitlines()}


def test_unknown_subcommand_and_option_exit_with_2() -> None:
    assert _interpret("frobnicate").returncode == 2
    assert _interpret("--frobnicate").returncode == 2
