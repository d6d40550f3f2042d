"""One piece of a benchmark's work: a method on a trained model; its scores are kept, whole, in a file."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from motiflens.analyses.apart import apart
from motiflens.analyses.benchmark.intervals import window_interval
from motiflens.analyses.benchmark.maps import Map, make_map
from motiflens.analyses.benchmark.measures import Measure
from motiflens.analyses.benchmark.motif_recovery import motif_recovery
from motiflens.analyses.benchmark.pair_recovery import pair_recovery
from motiflens.analyses.benchmark.plan import UNTRAINED, BenchmarkPlan
from motiflens.analyses.benchmark.score_map import (
    Others,
    score_faithfulness,
    score_hard_negatives,
    score_ism,
    score_localisation,
    score_model_rule,
    score_rule,
    score_sanity,
)
from motiflens.analyses.benchmark.subject import SPLIT, Subject, open_subject
from motiflens.analyses.benchmark.time_limit import time_limit
from motiflens.analyses.interactions import InteractionOptions, interactions
from motiflens.analyses.marginalize import Model, backgrounds_of
from motiflens.analyses.motifs.find_motifs import find_motifs
from motiflens.analyses.motifs.jaspar import jaspar, jaspar_by_name
from motiflens.analyses.motifs.motif_options import MotifOptions
from motiflens.interpret.sanity import fresh_twin
from motiflens.models.data.simulate.factors import PAIR
from motiflens.models.evaluate import best_device, evaluate
from motiflens.models.files import write_json, write_whole
from motiflens.models.run import Run, open_run
from motiflens.models.study.member import file_name
from motiflens.models.types import Floats, Json

ISM = "ism"
MODEL = "(model)"
WHATEVER = "whatever"  # device: what is best where the work is done, which on a cluster may be another machine


@dataclass(frozen=True)
class Part:
    """One piece of the work.

    Attributes
    ----------
    kind
        ``map``, ``motifs``, ``pairs`` or ``accuracy``.
    method
        Of `METHODS`, a route, a method of `interactions`, or `MODEL`.
    model, seed, control
        As the table names the training; the control is empty, ``untrained`` or ``shuffled_labels``.
    tf
        The factor.
    run
        Its run folder.
    seeds, shuffled
        Run folders of the other seeds, and of the model of shuffled labels ("" without one).
    source
        The data.
    out
        The benchmark's folder.
    plan
        What is compared; see `BenchmarkPlan`.
    weights
        Hash of a given run's weights: of other weights nothing is kept. Empty for the benchmark's own trainings.
    device
        Where it is computed.
    """

    kind: str
    method: str
    model: str
    seed: int
    control: str
    tf: str
    run: str
    seeds: tuple[str, ...]
    shuffled: str
    source: str
    out: str
    plan: BenchmarkPlan
    weights: str = ""
    device: str = "cpu"

    @property
    def label(self) -> str:
        """What the table calls the method: routes and ways to find pairs say what they are for."""
        return f"{self.kind}:{self.method}" if self.kind in ("motifs", "pairs") else self.method

    @property
    def folder(self) -> Path:
        """Where what is known of the training lies."""
        control = f",{self.control}" if self.control else ""
        name = f"seed={self.seed}{control}"
        return Path(self.out, "parts", file_name(self.tf), file_name(self.model), name)

    @property
    def file(self) -> Path:
        """What is kept; another selection of compared models is another file."""
        key = hashlib.sha256(
            json.dumps([self.kind, self.seeds, self.shuffled, self.weights]).encode()
        ).hexdigest()[:8]
        return self.folder / f"{self.kind}-{self.method}-{key}.json"

    @property
    def map_file(self) -> Path:
        """The map itself, (M, L), with the windows' places."""
        return self.folder / f"{self.method}{self.weights[:8]}.npz"

    @property
    def done(self) -> bool:
        """Whether it has been done, and did not fail."""
        return self.file.is_file() and not read_part(self).get("error")


def read_part(part: Part) -> Json:
    """Read what a part left; empty if it has not been done."""
    if not part.file.is_file():
        return {}
    record: Json = json.loads(part.file.read_text(encoding="utf-8"))
    return record


def write_failure(part: Part, kind: str, reason: str) -> None:
    """Write why a part has failed."""
    write_json(part.file, {"error": kind, "reason": reason, "measures": [], "seconds": None})


def do_part(part: Part) -> None:
    """Do a part, and write what it found in one piece.

    Raises
    ------
    TimeoutError
        If it takes longer than the plan allows.
    ValueError
        Where the method does not apply.
    """
    with time_limit(part.plan.timeout):
        if part.kind == "accuracy":
            record = _accuracy(part)
        else:
            subject = _subject_of(part)
            record = {"map": _map, "motifs": _motifs, "pairs": _pairs}[part.kind](part, subject)
    write_json(part.file, record)


def _subject_of(part: Part) -> Subject:
    return _subject(part.run, part.control == UNTRAINED, (part.source, part.tf), part.plan, part.device)


@lru_cache(maxsize=1)
def _subject(path: str, untrained: bool, data: tuple[str, str], plan: BenchmarkPlan, device: str) -> Subject:
    """Open what a worker's next parts are likely to be about too."""
    run = _opened(path, device)
    if untrained:
        run = dataclasses.replace(run, model=fresh_twin(run.model, plan.seed + 1).eval())  # type: ignore[arg-type]
    return open_subject(run, *data, plan)


def _opened(path: str, device: str) -> Run:
    run = open_run(path)
    run.model.to(best_device() if device == WHATEVER else device)
    return run


def _record(measures: list[Measure], seconds: float | None, **more: Any) -> Json:
    rows = [{**one.json, "interval": list(window_interval(one))} for one in measures]
    return {"error": "", "reason": "", "measures": rows, "seconds": seconds, **more}


def _map(part: Part, subject: Subject) -> Json:
    plan = part.plan
    map_ = make_map(part.method, subject, plan)
    if not np.isfinite(map_.values).all():
        raise ValueError(f"{part.method} gives values that are not finite")
    _keep_map(part, map_, subject)
    measures = [*score_localisation(map_, subject), *score_hard_negatives(map_, subject)]
    faithful, curves = score_faithfulness(map_, subject, plan)
    measures += faithful
    reference = _reference(part, subject)
    if reference is not None:
        measures += score_ism(map_, reference, subject)
    measures += score_rule(part.method, map_, subject)
    others = Others(
        [_opened(path, part.device).model for path in part.seeds],
        _opened(part.shuffled, part.device).model if part.shuffled else None,
    )
    measures += score_sanity(part.method, map_, subject, others, plan)
    drawn = {
        "steps": curves.steps.tolist(),
        "deletion": curves.deletion.mean(axis=0).tolist(),
        "insertion": curves.insertion.mean(axis=0).tolist(),
    }
    return _record(measures, map_.seconds, curves=drawn)


def _keep_map(part: Part, map_: Map, subject: Subject) -> None:
    table = subject.opened.windows.table.iloc[subject.rows]
    part.map_file.parent.mkdir(parents=True, exist_ok=True)
    with write_whole(part.map_file) as file, file.open("wb") as opened:
        np.savez(
            opened,
            values=map_.values,
            chrom=table["chrom"].to_numpy(dtype=str),
            start=table["start"].to_numpy(),
            bound=subject.groups["bound"],
        )


def _reference(part: Part, subject: Subject) -> Floats | None:
    """Return the map of saturation mutagenesis, which is made before the others; None where there is none."""
    file = dataclasses.replace(part, method=ISM).map_file
    if part.method == ISM or not file.is_file():
        return None
    with np.load(file, allow_pickle=False) as content:
        values: Floats = content["values"]
    return values if len(values) == len(subject.rows) else None


def _motifs(part: Part, subject: Subject) -> Json:
    run, plan = subject.opened.run, part.plan
    options = MotifOptions(
        routes=(part.method,),  # type: ignore[arg-type]
        maximum=plan.motif_windows,
        controls=False,
        untrained=0,
        shuffles=10,
        seed=plan.seed,
        factor=part.tf,
        least_prediction=0.0,
    )
    targets = jaspar()
    table = _motif_table(run, subject, options, targets, part)
    recovery = motif_recovery(
        table, part.method, trained=(part.tf,), planted=subject.truth.factors, targets=targets, alpha=options.alpha
    )
    measures = [
        Measure("motif_found", np.array([recovery.share])),
        Measure("motif_false", np.array([recovery.false])),
        Measure("motif_count", np.array([float(recovery.motifs)])),
    ]
    return _record(measures, None)


def _motif_table(run: Run, subject: Subject, options: MotifOptions, targets: Any, part: Part) -> pd.DataFrame:
    """Find motifs; a route that finds none, such as an untrained model's, gives a table without rows."""
    tf = part.tf if len(run.tasks) > 1 else None
    try:
        return find_motifs(run, subject.opened.dataset, targets=targets, tf=tf, options=options).table
    except ValueError as error:
        if not str(error).startswith("no motifs from any route (nothing was found"):
            raise
    columns = ["route", "gate", "target_alt", "target_family", "target_q", "enrichment_q"]
    return pd.DataFrame({name: pd.Series(dtype=object) for name in columns})


def _pairs(part: Part, subject: Subject) -> Json:
    run, plan = subject.opened.run, part.plan
    if part.tf != PAIR[0]:
        raise ValueError(f"no pair was planted for {part.tf}: {PAIR[0]} has a rule with {PAIR[1]}")
    windows = subject.opened.windows
    column = windows.tasks.index(part.tf) if part.tf in windows.tasks else 0
    order = np.random.default_rng(plan.seed).permutation(np.flatnonzero(windows.labels[:, column] == 1))
    bound = windows.subset(np.array(apart(windows.table, order.tolist(), windows.length), dtype=np.int64))
    given = backgrounds_of(bound, "given", plan.pair_windows, seed=plan.seed)
    motifs = [jaspar_by_name(f"jaspar:2026:{name}")[0] for name in subject.truth.factors]
    options = InteractionOptions(
        method=part.method, threshold=5e-4, shuffles=2, seed=plan.seed, collapse=False, permutations=0
    )
    table = interactions(Model(run, subject.output, plan.batch_size), motifs, given, options)
    named = {motif.alt or motif.name: name for motif, name in zip(motifs, subject.truth.factors, strict=True)}
    renamed = table.assign(first=table["first"].map(named), second=table["second"].map(named))
    recovery = pair_recovery(renamed, [frozenset(PAIR)])
    measures = [
        Measure("pair_precision", np.array([recovery.precision])),
        Measure("pair_recall", np.array([recovery.recall])),
    ]
    return _record(measures, None)


def _accuracy(part: Part) -> Json:
    subject = _subject_of(part)
    table = evaluate(subject.opened.run, subject.opened.dataset, split=SPLIT)
    row = table.iloc[subject.output]
    measures = [Measure(f"test_{name}", np.array([float(row[name])])) for name in ("auroc", "auprc")]
    return _record([*measures, *score_model_rule(subject, part.plan)], None)
