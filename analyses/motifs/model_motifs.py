"""The motifs of a run, or of an architecture that is trained first: what `interpret motifs` computes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from motiflens.analyses.motifs.cached_run import cached_run
from motiflens.analyses.motifs.engines.compile_ahead import compile_ahead
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_options import MotifOptions
from motiflens.models.data.options import Options
from motiflens.models.open_for_run import open_as_trained
from motiflens.models.progress import Progress, Step, silent
from motiflens.models.recipes import Preset, recipe
from motiflens.models.regions import Regions, region_dataset
from motiflens.models.registry import architecture
from motiflens.models.run import Run, open_run
from motiflens.models.run_files import CONFIG

if TYPE_CHECKING:
    from motiflens.analyses.motifs.motif_findings import MotifFindings


def model_motifs(
    model: str,
    *,
    targets: Sequence[Motif],
    data: str | Regions | None = None,
    opening: Options | None = None,
    options: MotifOptions | None = None,
    preset: Preset = "small",
    settings: tuple[str, ...] = (),
    progress: Progress = silent,
) -> MotifFindings:
    """Find the motifs of a run, or of an architecture that is trained on the data first.

    Parameters
    ----------
    model
        A run folder, or an architecture's name: then its run comes from the cache, or is trained into it.
    targets
        Known motifs, such as `jaspar`.
    data
        As for `open_dataset`, or a user's own regions, which are taken as bound. By default the run's own data, or
        the built-in ones.
    opening
        How to open them; by default as the run was trained, or as the recipe says. Its ``tf`` is the factor whose
        positives are looked at.
    options
        How motifs are sought.
    preset, settings
        Training by name; see `cached_run`.
    progress
        Told what is being done.

    Returns
    -------
    MotifFindings
        `write_folder` writes them.
    """
    options = options or MotifOptions()
    opening = opening or Options(seed=options.seed)
    regions, named = (data, data.data) if isinstance(data, Regions) else (None, data)
    if _is_run(model) and regions is not None:
        run = open_run(model)
        dataset = region_dataset(run, regions)
    elif _is_run(model):
        run = open_run(model)
        tf = opening.tf if _opened_for_factor(run) else None
        dataset = open_as_trained(run, named, replace(opening, tf=tf))
    else:
        architecture(model)  # an unknown name is said before anything is made
        progress(Step(f"model {model} on {named or 'the built-in data'}"))
        # Models that read signals are one factor's (DeepGRN, FactorNet); others have a task for each.
        tf = opening.tf if recipe(model, preset=preset).signals is None else None
        with compile_ahead():
            run, dataset = cached_run(
                model,
                named,
                data=replace(opening, tf=tf),
                preset=preset,
                settings=settings,
                seed=options.seed,
                progress=progress,
            )
        dataset = dataset if regions is None else region_dataset(run, regions)
    # Imported late: where its engines were never compiled, `compile_ahead` had them compiled during the training.
    from motiflens.analyses.motifs.find_motifs import find_motifs

    return find_motifs(run, dataset, targets=targets, tf=opening.tf, options=options, progress=progress)


def _is_run(model: str) -> bool:
    """Tell whether a model is named by its run folder, or by its architecture."""
    return Path(model).is_dir() or (Path(model) / CONFIG).exists() or "/" in model


def _opened_for_factor(run: Run) -> bool:
    """Tell whether a run is one factor's: others have it among their tasks. Imported runs have one output."""
    data = run.config.get("data", {})
    return bool(data.get("options", {}).get("tf")) or "source" not in data
