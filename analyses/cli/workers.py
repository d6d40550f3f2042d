"""The options by which commands name who does their work."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from motiflens.models.executor import Workers

Processes = Annotated[
    int | None, typer.Option("--processes", help="Processes of this machine; see --threads.", min=1)
]
Dask = Annotated[
    str | None, typer.Option("--dask", help="Send the work to a Dask cluster: its address, or scheduler file.")
]
Threads = Annotated[
    int, typer.Option("--threads", help="Of each process; results do not depend on processes.", min=1)
]


def workers(processes: int, dask: str | None, threads: int) -> Workers:
    """Return who works."""
    from motiflens.models.executor import Workers

    return Workers(processes, dask, threads)
