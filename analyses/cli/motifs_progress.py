"""What `interpret motifs` shows while it works: the training's bar, then one for each stage that takes long."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from motiflens.analyses.cli.attribute_report import progress
from motiflens.analyses.cli.training_bar import training_bar
from motiflens.analyses.motifs.telling import Say

if TYPE_CHECKING:
    from motiflens.models.training_log import Progress


@contextmanager
def motifs_progress() -> Iterator[tuple[Callable[[Progress], None], Say]]:
    """Yield what training reports to and what the analysis tells; elsewhere than on a terminal, a line a stage."""
    with ExitStack() as training, ExitStack() as stage:
        train = training.enter_context(training_bar())
        shown, reached = "", 0
        report: Callable[[int, int | None], None] | None = None

        def say(what: str, done: int | None = None, total: int | None = None) -> None:
            nonlocal shown, reached, report
            if done is None:
                stage.close()
                report = None
                print(f"  {what} …", file=sys.stderr, flush=True)
                return
            training.close()  # a terminal has room for one moving display
            if report is None or what != shown or done < reached:
                stage.close()
                report = stage.enter_context(progress(f"  {what}"))
            report(done, total)
            shown, reached = what, done

        yield train, say
