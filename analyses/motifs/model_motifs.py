"""The motifs of a run, or of an architecture that is trained first: what `interpret motifs` computes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from motiflens.analyses.motifs.cached_run import cached_run
from motiflens.analyses.motifs.engines.compile_ahead import compile_ahead
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_options import MotifOptions, analysed_split
from motiflens.analyses.motifs.motif_parts import MotifWork, motif_parts
from motiflens.models.controls_ahead import Opening, controls_ahead
from motiflens.models.data.options import Options
from motiflens.models.data.windows import Dataset
from motiflens.models.open_for_run import open_as_trained
from motiflens.models.progress import Progress, Step, silent
from motiflens.models.recipes import Preset, recipe
from motiflens.models.regions import Regions, region_dataset, split_windows
from motiflens.models.registry import architecture
from motiflens.models.run import Run, open_run
from motiflens.models.run_files import CONFIG
from motiflens.models.window_source import WindowSource

if TYPE_CHECKING:
    from motiflens.analyses.motifs.motif_findings import MotifFindings


class ByName(NamedTuple):
    """How an architecture is trained by its name; see `cached_run`."""

    preset: Preset = "small"
    settings: tuple[str, ...] = ()


def model_motifs(
    model: str,
    *,
    targets: Sequence[Motif],
    data: str | Regions | None = None,
    opening: Options | None = None,
    options: MotifOptions | None = None,
    by_name: ByName | None = None,
    work: MotifWork | None = None,
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
    by_name
        Training by name.
    work
        Who goes over the windows; this process by default. The result does not depend on it.
    progress
        Told what is being done.

    Returns
    -------
    MotifFindings
        `write_folder` writes them.
    """
    options = options or MotifOptions()
    opening, how = opening or Options(seed=options.seed), by_name or ByName()
    regions, named = (data, data.data) if isinstance(data, Regions) else (None, data)
    if _is_run(model) and regions is not None:
        run, opened = open_run(model), Options()
        dataset = region_dataset(run, regions)
    elif _is_run(model):
        run = open_run(model)
        tf = opening.tf if _opened_for_factor(run) else None
        opened = replace(opening, tf=tf)
        dataset = open_as_trained(run, named, opened)
    else:
        architecture(model)  # an unknown name is said before anything is made
        progress(Step(f"model {model} on {named or 'the built-in data'}"))
        # Models that read signals are one factor's (DeepGRN, FactorNet); others have a task for each.
        tf = opening.tf if recipe(model, preset=how.preset).signals is None else None
        with compile_ahead():
            run, dataset = cached_run(
                model,
                named,
                data=replace(opening, tf=tf),
                preset=how.preset,
                settings=how.settings,
                seed=options.seed,
                progress=progress,
                meanwhile=_controls(options) if regions is None else None,
            )
        dataset = dataset if regions is None else region_dataset(run, regions)
        named, opened = None, Options()
    # Imported late: where its engines were never compiled, `compile_ahead` had them compiled during the training.
    from motiflens.analyses.motifs.find_motifs import find_motifs

    split = analysed_split(dataset, options.split)
    source = WindowSource(str(run.path), named, opened, split, regions)
    with motif_parts(work, run, split_windows(dataset, split), source, dataset.hash) as parts:
        return find_motifs(
            run, dataset, targets=targets, tf=opening.tf, options=options, progress=progress, parts=parts
        )


def _controls(options: MotifOptions) -> Callable[[Opening, Dataset], AbstractContextManager[None]]:
    """Return what makes the controls of the windows to be analysed during a training, if they are wanted."""

    def meanwhile(opening: Opening, dataset: Dataset) -> AbstractContextManager[None]:
        split = analysed_split(dataset, options.split)
        wanted = options.controls and split in dataset.splits
        return controls_ahead(opening, dataset, split) if wanted else nullcontext()

    return meanwhile


def _is_run(model: str) -> bool:
    """Tell whether a model is named by its run folder, or by its architecture."""
    return Path(model).is_dir() or (Path(model) / CONFIG).exists() or "/" in model


def _opened_for_factor(run: Run) -> bool:
    """Tell whether a run is one factor's: others have it among their tasks. Imported runs have one output."""
    data = run.config.get("data", {})
    return bool(data.get("options", {}).get("tf")) or "source" not in data
