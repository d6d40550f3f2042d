"""The options by which commands name who does their work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from motiflens.models.executor import Workers

Processes = Annotated[int | None, typer.Option("--processes", help="Processes of this machine; see --threads.")]
Dask = Annotated[
    str | None, typer.Option("--dask", help="Send the work to a Dask cluster: its address, or scheduler file.")
]
Threads = Annotated[int, typer.Option("--threads", help="Of each process; results do not depend on processes.")]


def workers(processes: int, dask: str | None, threads: int) -> Workers:
    """Return who works; a Dask cluster must answer."""
    from motiflens.models.executor import Workers, check_dask

    if dask is not None:
        check_dask(dask)
    return Workers(processes, dask, threads)


def absolute(path: object) -> str | None:
    """Return a path as every process of this machine understands it."""
    from pathlib import Path

    return None if path is None else str(Path(str(path)).absolute())


def shared_output(out: object, dask: str | None) -> None:
    """Refuse to send parts of what goes to the standard output to other machines: they would have no folder."""
    from motiflens.models.files import STREAMS

    if dask is not None and str(out) in STREAMS:
        raise ValueError("--dask needs a file as --out, in a folder that its workers can write to")
