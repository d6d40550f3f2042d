"""What `interpret motifs` shows while it works."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from motiflens.analyses.cli.progress_display import progress_display

if TYPE_CHECKING:
    from motiflens.analyses.motifs.telling import Say
    from motiflens.models.progress import Progress


@contextmanager
def motifs_progress() -> Iterator[tuple[Progress, Say]]:
    """Yield what training and what the analysis tell."""
    from motiflens.models.progress import Step

    with progress_display() as progress:

        def say(what: str, done: int | None = None, total: int | None = None) -> None:
            progress(Step(what, done or 0, total))

        yield progress, say
