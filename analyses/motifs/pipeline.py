"""From a model to named motifs: the routes, errors under control, clusters, and the folder that holds them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd

from motiflens.analyses.motifs.attended import Attended, attended, site_names
from motiflens.analyses.motifs.engines.match import match
from motiflens.analyses.motifs.engines.seqlets import Pattern
from motiflens.analyses.motifs.first_layer_motifs import first_layer_motifs
from motiflens.analyses.motifs.gate import gated
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.naming import Named, name_motifs
from motiflens.analyses.motifs.nulls import Null, decoy_null, random_model_null
from motiflens.analyses.motifs.routes import (
    MotifOptions,
    analysed,
    bed_rows,
    check_routes,
    denovo_motifs,
    seqlet_patterns,
    tasks_of,
)
from motiflens.analyses.motifs.subsequences import Positives, Subsequences, predicted_positives, subsequences
from motiflens.analyses.motifs.telling import Done, Say, counting, silent
from motiflens.interpret.adapter import adapt
from motiflens.models import types
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.check_run_fits import check_run_fits
from motiflens.models.data.windows import Dataset, Windows
from motiflens.models.run import Run


@dataclass
class Found:
    """Everything a pipeline gathers on its way to the output folder."""

    split: str
    windows: Windows
    tasks: list[int]
    motifs: list[Motif] = field(default_factory=list)  # trimmed
    passed: list[bool] = field(default_factory=list)
    raw_kernels: list[Motif] = field(default_factory=list)  # as counted
    patterns: list[Pattern] = field(default_factory=list)
    positives: Positives | None = None
    subsequences: Subsequences | None = None
    attended: Attended | None = None
    sites: list[pd.DataFrame] = field(default_factory=list)
    notes: dict[str, str] = field(default_factory=dict)  # route -> why it was left out, or what it used
    left_out: list[str] = field(default_factory=list)  # routes
    named: Named = field(default_factory=lambda: name_motifs([], []))
    nulls: dict[str, Null] = field(default_factory=dict)
    untrained_best: list[pd.DataFrame] = field(default_factory=list)
    uncorrected: int | None = None
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def good(self) -> list[Motif]:
        """Motifs that passed the gate."""
        return [motif for motif, passed in zip(self.motifs, self.passed, strict=True) if passed]


def find_motifs(
    run: Run,
    dataset: Dataset,
    out: types.Path,
    *,
    targets: Sequence[Motif],
    routes: Sequence[str] | None = None,
    tf: str | None = None,
    options: MotifOptions | None = None,
    say: Say | None = None,
) -> types.Json:
    """Find a model's motifs by several routes, name them, test them, cluster them, and write it all down.

    Parameters
    ----------
    run
        The trained model.
    dataset
        Its data; the test split is analysed (else validation, else training).
    out
        Folder to write (made if need be): see `output_folder.write_folder`.
    targets
        Known motifs, such as `jaspar`.
    routes
        Of `ROUTES`; None for all that the model and data allow.
    tf
        Look at this factor's positives only (kernels are the whole model's).
    options
        See `MotifOptions`.
    say
        Told what is being done.

    Returns
    -------
    dict
        The content of ``summary.json``.

    Raises
    ------
    ValueError
        For an unknown route or factor, no targets, or a route that was asked for and is impossible.
    """
    from motiflens.analyses.motifs.output_folder import write_folder

    options = options or MotifOptions()
    tell = say or silent
    check_routes(routes)
    if not targets:
        raise ValueError("there are no known motifs to match against: choose another release, taxon or file")
    split = analysed(list(dataset.splits))
    windows = dataset[split]
    if not len(windows):
        raise ValueError(f"the {split} split of {dataset.source} has no windows")
    check_run_fits(run, windows, tasks=windows.tasks, length=False)
    found = Found(split, windows, tasks_of(windows, tf))
    for name, step in (
        ("kernels", _kernels),
        ("attention", _attention),
        ("seqlets", _seqlets),
        ("denovo", _denovo),
    ):
        if routes is None or name in routes:
            tell(f"route {name}")
            _try(name, step, run, found, targets, options, tell, asked=routes is not None)
    if not found.motifs:
        reasons = "; ".join(f"{name}: {found.notes[name]}" for name in found.left_out) or "nothing was found"
        raise ValueError(f"no motifs from any route ({reasons})")
    tell("matching and nulls")
    started = perf_counter()
    _match(run.model, found, targets, options, tell)
    found.seconds["matching and nulls"] = perf_counter() - started
    tell("enrichment and clusters")
    started = perf_counter()
    _enrich(found, targets, options)
    summary = write_folder(Path(out), run, dataset, found, targets, tf, options, started)
    return summary


_Step = Callable[[Run, Found, Sequence[Motif], MotifOptions, Done], None]


def _try(
    name: str,
    step: _Step,
    run: Run,
    found: Found,
    targets: Sequence[Motif],
    options: MotifOptions,
    tell: Say,
    *,
    asked: bool,
) -> None:
    """Take a route; one that was not asked for by name may be impossible."""
    started = perf_counter()
    try:
        step(run, found, targets, options, counting(tell, f"route {name}"))
    except ValueError as error:
        if asked:
            raise
        found.notes[name] = str(error)
        found.left_out.append(name)
    found.seconds[name] = perf_counter() - started


def _add(found: Found, motifs: Sequence[Motif], options: MotifOptions) -> None:
    trimmed, passed = gated(motifs, options.gate)
    found.motifs += trimmed
    found.passed += passed


def _kernels(run: Run, found: Found, targets: Sequence[Motif], options: MotifOptions, done: Done) -> None:
    found.raw_kernels = first_layer_motifs(
        run.model, found.windows, threshold=options.kernel_threshold, progress=done
    )
    _add(found, found.raw_kernels, options)


def _positives(run: Run, found: Found, options: MotifOptions, done: Done) -> Positives:
    if found.positives is None:
        found.positives = predicted_positives(
            run.model,
            found.windows,
            tasks=found.tasks,
            least_prediction=options.least_prediction,
            maximum=options.maximum,
            seed=options.seed,
            progress=done,
        )
    return found.positives


def _attended_sites(run: Run, found: Found, options: MotifOptions, done: Done) -> Subsequences:
    if found.subsequences is None:
        found.subsequences = subsequences(
            adapt(run.model, length=found.windows.length),
            found.windows,
            width=options.width,
            scaling=options.scaling,
            positives=_positives(run, found, options, done),
            flat_dnase=options.flat_dnase,
            seed=options.seed,
            progress=done,
        )
    return found.subsequences


def _attention(run: Run, found: Found, targets: Sequence[Motif], options: MotifOptions, done: Done) -> None:
    sites = _attended_sites(run, found, options, done)
    names = site_names(sites.table, found.windows.table)
    found.attended = attended(sites, names, targets, threshold=options.hit_p, alpha=options.alpha)
    _add(found, found.attended.motifs, options)
    found.sites.append(bed_rows(sites.table, found.windows, "attention", "weight"))


def _enrich(found: Found, targets: Sequence[Motif], options: MotifOptions) -> None:
    """Test the model's own motifs in attended windows, and known ones if the route has not done so."""
    sites = found.subsequences
    if sites is None:
        return
    own = [motif for motif in found.good if motif.source != "attention" and motif.width <= options.width]
    known = targets if found.attended is None else []
    if not own and not known:
        return
    names = site_names(sites.table, found.windows.table)
    tested = attended(sites, names, known, own, threshold=options.hit_p, alpha=options.alpha)
    found.attended = tested if found.attended is None else found.attended._replace(own=tested.own)


def _seqlets(run: Run, found: Found, targets: Sequence[Motif], options: MotifOptions, done: Done) -> None:
    chosen = _positives(run, found, options, done)
    found.patterns = seqlet_patterns(run.model, found.windows, chosen, options, done)
    _add(found, [pattern.motif for pattern in found.patterns], options)
    found.sites += [
        bed_rows(pattern.sites, found.windows, pattern.motif.name, "attribution") for pattern in found.patterns
    ]


def _denovo(run: Run, found: Found, targets: Sequence[Motif], options: MotifOptions, done: Done) -> None:
    sites: Subsequences | None = None
    chosen: Positives | None = None
    if run.model.attention_stems():
        sites = _attended_sites(run, found, options, done)
    else:
        chosen = _positives(run, found, options, done)
    motifs, found.notes["denovo"] = denovo_motifs(found.windows, sites, chosen, options)
    _add(found, motifs, options)


def _match(model: SequenceModel, found: Found, targets: Sequence[Motif], options: MotifOptions, tell: Say) -> None:
    """Name everything that passed the gate, and find what the kernels' nulls give."""

    def name(motifs: Sequence[Motif]) -> Named:
        return name_motifs(
            motifs, targets, distance=options.distance, shuffles=options.shuffles, seed=options.seed
        )

    found.named = name(found.good)
    if not found.raw_kernels:
        return
    mine = np.array([motif.source == "kernel" for motif in found.good], dtype=bool)
    best = found.named.best[mine]
    accepted = best["q"] < options.alpha
    found.uncorrected = match(found.raw_kernels, targets, distance=options.distance, threshold=0.05, evalue=True)[
        "Query_ID"
    ].nunique()
    found.nulls["column_shuffled"] = decoy_null(
        best["p"].to_numpy(), accepted.tolist(), found.named.decoys[:, mine], total=len(found.raw_kernels)
    )

    def count(twin: SequenceModel) -> int:
        done = counting(tell, f"untrained model {len(found.untrained_best) + 1} of {options.untrained}")
        try:
            made = first_layer_motifs(twin, found.windows, threshold=options.kernel_threshold, progress=done)
        except ValueError:  # no kernel of the untrained model is ever active
            made = []
        named = name([motif for motif, passed in zip(*gated(made, options.gate), strict=True) if passed])
        found.untrained_best.append(named.best)
        return int((named.best["q"] < options.alpha).sum())

    found.nulls["untrained"] = random_model_null(
        model,
        count,
        observed=int(accepted.sum()),
        total=len(found.raw_kernels),
        repeats=options.untrained,
        seed=options.seed,
    )
