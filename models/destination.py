"""Where output may go: never onto an input, a device, or something that motiflens did not write."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from motiflens.models import types
from motiflens.models.files import STREAMS
from motiflens.models.real_path import real_path
from motiflens.models.run_files import CONFIG, RUN_FILES, WEIGHTS
from motiflens.models.unfinished import passing

_READ = 1 << 14  # bytes at a file's beginning that tell whether it is ours
_HTML = b'<meta name="generator" content="motiflens'


def output_file(
    path: types.Path,
    *,
    inputs: Iterable[types.Path | None] = (),
    overwrite: bool | None = False,
    record: bool = True,
) -> None:
    """Check where a file is to be written, before any work is done.

    Parameters
    ----------
    path
        The file; ``-`` or ``/dev/stdout`` for the standard output.
    inputs
        Files and folders that the command reads; None is ignored. With a run folder (or a folder of such), the
        data that it was trained on are inputs too.
    overwrite
        Allow another's file to be replaced; an input, or a file within an input folder, is never replaced. None
        where the command offers no ``--overwrite``.
    record
        Whether ``PATH.json`` is written beside it, with how it was made.

    Raises
    ------
    ValueError
        If it is an input, a folder, a device or a pipe, or exists and was not written by motiflens.

    Examples
    --------
    >>> output_file("new.tsv")
    >>> output_file("genome.fa", inputs=["genome.fa"])
    Traceback (most recent call last):
    ...
    ValueError: genome.fa is read by this command: choose another file to write
    """
    named(path, "file")
    if str(path) in STREAMS:
        if sys.stdout is None:  # `>&-` of a shell
            raise ValueError(f"--out {path}: the standard output is closed: name a file to write")
        return
    files = [Path(path), *([Path(f"{path}.json")] if record else [])]
    given = _with_data(inputs)
    for file in files:
        if any(same_file(file, name) for name in given):
            raise ValueError(f"{file} is read by this command: choose another file to write")
    target = files[0]
    if target.is_dir():
        raise ValueError(f"{target} is a folder: name a file to write")
    for file in files:
        writable(file)
    # A record without its file is of a process that was killed between the two.
    ours = written_by_us(target) if target.exists() else record and _is_record(files[-1])
    for file in files:
        if not file.exists():
            continue
        if not file.is_file():
            raise ValueError(f"{file} is a device or a pipe: name a file to write (- for the standard output)")
        if ours or file.stat().st_size == 0:
            continue
        if any(name.is_dir() and inside(file, name) for name in given):
            raise ValueError(f"{file} belongs to {file.parent}, which this command reads: choose another file")
        if not overwrite:
            raise ValueError(f"{file} exists and motiflens did not write it: {_instead('file', overwrite)}")


def output_files(
    paths: Iterable[types.Path | None], *, inputs: Iterable[types.Path | None] = (), overwrite: bool | None = False
) -> None:
    """Check where several files of one command are to be written, each with its record; see `output_file`.

    Parameters
    ----------
    paths
        The files; None is ignored.

    Raises
    ------
    ValueError
        As `output_file`, or if two of them, or a file and a record, are one.

    Examples
    --------
    >>> output_files(["t.tsv", "t.tsv"])
    Traceback (most recent call last):
    ...
    ValueError: t.tsv would be written twice: choose another file for one of the two
    """
    wanted = [path for path in paths if path is not None]
    given = list(inputs)
    taken: list[Path] = []
    for path in wanted:
        files = [Path(path)] if str(path) in STREAMS else [Path(path), Path(f"{path}.json")]
        for file in files:
            if any(same_file(file, other) for other in taken):
                raise ValueError(f"{file} would be written twice: choose another file for one of the two")
        taken += files
    for path in wanted:
        output_file(path, inputs=given, overwrite=overwrite)


def output_folder(
    path: types.Path,
    *,
    mark: str,
    names: Sequence[str] = (),
    inputs: Iterable[types.Path | None] = (),
    overwrite: bool | None = False,
) -> None:
    """Check a folder into which files are to be written, before any work is done.

    Parameters
    ----------
    path
        The folder; it need not exist.
    mark
        A file that motiflens leaves there: with it the folder is our own.
    names
        Files that are written there, or patterns of their names (``*.svg``): none of them may be another's.
    inputs
        Files and folders that the command reads, as for `output_file`; the folder may be none of them.
    overwrite
        Allow another's files to be replaced; None where the command offers no ``--overwrite``.

    Raises
    ------
    ValueError
        If it is an input, no folder, or holds a file of one of these names that motiflens did not write; or if
        it is the working folder, or above it, and holds anything, unless it is our own.
    """
    named(path, "folder")
    folder = Path(path)
    if str(path) in STREAMS or (folder.exists() and not folder.is_dir()):
        raise ValueError(f"{path} is no folder: name a folder to write into")
    writable(folder / "x")
    given = _with_data(inputs)
    if any(same_file(folder, name) for name in given):
        raise ValueError(f"{folder} is read by this command: choose another folder to write into")
    ours = written_by_us(folder / mark)
    if (folder / WEIGHTS).is_file() and not ours:
        raise ValueError(f"{folder} is a run folder: choose another folder to write into")
    for file in (
        entry for name in names for entry in (sorted(folder.glob(name)) if "*" in name else [folder / name])
    ):
        if any(same_file(file, other) for other in given):
            raise ValueError(f"{file} is read by this command: choose another folder to write into")
        if file.exists() and not (ours or overwrite or written_by_us(file)):
            raise ValueError(f"{file} exists and motiflens did not write it: {_instead('folder', overwrite)}")
    if not (ours or overwrite) and _above(folder) and any(map(_somebodys, folder.iterdir())):
        raise ValueError(
            f"{path} is the folder that you are in, or above it, and holds other files: "
            + _instead("folder", overwrite)
        )


def run_folder(path: types.Path, *, resume: bool = False, inputs: Iterable[types.Path | None] = ()) -> None:
    """Check a folder that a training is to make, or to go on with, before any work is done.

    Parameters
    ----------
    path
        The folder.
    resume
        Whether it may hold a run.
    inputs
        As for `output_file`.

    Raises
    ------
    ValueError
        If it holds a run that is not to be resumed, or as in `output_folder`.
    """
    if not (Path(path) / CONFIG).exists():
        output_folder(path, mark=CONFIG, names=RUN_FILES, inputs=inputs, overwrite=None)
    elif not resume:
        raise ValueError(f"{path} already holds a run: choose another --out, or continue it with --resume")


def _instead(kind: str, overwrite: bool | None) -> str:
    """Say what to do about another's file."""
    return f"choose another {kind}" + ("" if overwrite is None else ", or add --overwrite")


def _above(folder: Path) -> bool:
    """Tell whether a folder is the working folder or above it: rarely meant as the one to write into."""
    return folder.is_dir() and Path.cwd().is_relative_to(real_path(folder))


def _somebodys(file: Path) -> bool:
    """Tell whether a file or folder is more than an empty file (a log to be written) or a passing one."""
    return not (file.is_file() and file.stat().st_size == 0) and not passing(file.name)


def same_file(first: Path, second: Path) -> bool:
    """Tell whether two paths lead to one file, by links too; what does not exist is compared by its path."""
    if first.exists() and second.exists():
        return os.path.samefile(first, second)
    return os.path.realpath(first) == os.path.realpath(second)


def inside(file: Path, folder: Path) -> bool:
    """Tell whether a file lies in a folder, at any depth."""
    return real_path(file).is_relative_to(real_path(folder))


def written_by_us(file: Path) -> bool:
    """Tell whether motiflens wrote a file: by the record in it or beside it.

    JSON holds ``versions`` with motiflens among them (see `provenance`), a table has such a file beside it, a
    report says so in its head, a store in its attributes.
    """
    if not file.is_file():
        return False
    if _is_record(Path(f"{file}.json")) or (file.suffix == ".json" and _is_record(file)):
        return True
    with file.open("rb") as opened:
        start = opened.read(_READ)
    return _HTML in start or (start.startswith(b"\x89HDF") and _is_store(file))


def _with_data(inputs: Iterable[types.Path | None]) -> list[Path]:
    """Return the inputs, and the data on which the runs among them were trained."""
    given = [Path(name) for name in inputs if name is not None]
    sources = []
    for folder in given:
        for config in (folder / CONFIG, *(folder.glob(f"*/{CONFIG}") if folder.is_dir() else ())):
            try:
                source = json.loads(config.read_text(encoding="utf-8"))["data"]["source"]
            except (OSError, ValueError, RecursionError, LookupError, TypeError):
                continue
            if isinstance(source, str) and Path(source).exists():
                sources.append(Path(source))
    return [*given, *sources]


def _is_record(file: Path) -> bool:
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    made_by = record.get("made_by", record) if isinstance(record, dict) else None
    versions = made_by.get("versions") if isinstance(made_by, dict) else None
    return isinstance(versions, dict) and "motiflens" in versions


def _is_store(file: Path) -> bool:
    import h5py

    try:
        with h5py.File(file, "r") as store:
            return "made_by" in store.attrs
    except (OSError, RuntimeError):
        return False


def named(path: types.Path, kind: str) -> None:
    """Refuse an empty name, which `Path` takes for the working folder."""
    if not str(path).strip():
        raise ValueError(f"the name of the {kind} to write is empty: give one")


def writable(file: Path) -> None:
    """Refuse a place whose folder is a file, or cannot be written, and a name that no file can have."""
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        pass  # told below
    except (OSError, ValueError) as error:  # a link to itself, a name that is too long, a null byte
        reason = getattr(error, "strerror", None) or str(error)
        raise ValueError(f"{str(file)[:200]} cannot be written: {reason}") from None
    for folder in file.absolute().parents:
        if folder.exists():
            if not folder.is_dir():
                raise ValueError(f"{file} cannot be written: {folder} is a file, no folder")
            if not os.access(folder, os.W_OK | os.X_OK):
                raise ValueError(f"{file} cannot be written: {folder} may not be written to")
            return
