"""From a model's name or run folder to a folder of motifs with its report: the whole of `interpret motifs`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from motiflens.analyses.motifs.cached_run import cached_run
from motiflens.analyses.motifs.motif_files import read_motifs
from motiflens.analyses.motifs.pipeline import find_motifs
from motiflens.analyses.motifs.routes import MotifOptions, check_routes
from motiflens.analyses.motifs.telling import Say, silent
from motiflens.models import types
from motiflens.models.data.options import Options
from motiflens.models.open_for_run import open_as_trained
from motiflens.models.progress import Progress
from motiflens.models.progress import silent as untold
from motiflens.models.recipes import Preset, recipe
from motiflens.models.registry import architecture
from motiflens.models.run import CONFIG, Run, open_run


def model_motifs(
    model: str,
    out: types.Path,
    *,
    data: str | None = None,
    opening: Options | None = None,
    routes: Sequence[str] | None = None,
    tf: str | None = None,
    known: str = "jaspar",
    options: MotifOptions | None = None,
    preset: Preset = "small",
    settings: tuple[str, ...] = (),
    progress: Progress = untold,
    say: Say | None = None,
) -> types.Json:
    """Find the motifs of a run, or of an architecture that is trained on the data first.

    Parameters
    ----------
    model
        A run folder, or an architecture's name: then its run comes from the cache, or is trained into it.
    out
        Folder to write, the report with it.
    data
        As for `open_dataset`. By default the run's own data, or the built-in ones.
    opening
        How to open them; by default as the run was trained, or as the recipe says. Its TF is `tf`.
    routes, tf, options, say
        See `find_motifs`.
    known
        Motifs to match against, as for `read_motifs`.
    preset, settings, progress
        Training by name; see `cached_run`.

    Returns
    -------
    dict
        The content of ``summary.json``.
    """
    from motiflens.analyses.report import build_report

    tell = say or silent
    seed = (options or MotifOptions()).seed
    opening = opening or Options(seed=seed)
    # All that can be wrong is looked at first: a wrong name should not cost minutes.
    check_routes(routes)
    trained = Path(model).is_dir() or (Path(model) / CONFIG).exists() or "/" in model
    if trained:
        run = open_run(model)
    else:
        architecture(model)
    targets = read_motifs(known)
    if trained:
        factor = tf if _opened_for_factor(run) else None
        dataset = open_as_trained(run, data, replace(opening, tf=factor))
    else:
        tell(f"model {model} on {data or 'the built-in data'} (made and trained at the first call)")
        # Models that read signals are one factor's (DeepGRN, FactorNet); others have a task for each.
        factor = tf if recipe(model, preset=preset).signals is None else None
        run, dataset = cached_run(
            model,
            data,
            data=replace(opening, tf=factor),
            preset=preset,
            settings=settings,
            seed=seed,
            progress=progress,
        )
        for note in dataset.notes:
            tell(note)
    summary = find_motifs(run, dataset, out, targets=targets, routes=routes, tf=tf, options=options, say=tell)
    tell("report")
    build_report([Path(out)], Path(out) / "report.html")
    return summary


def _opened_for_factor(run: Run) -> bool:
    """Tell whether a run is one factor's: others have it among their tasks. Imported runs have one output."""
    data = run.config.get("data", {})
    return bool(data.get("options", {}).get("tf")) or "source" not in data
