"""Every method as a map: one number a base, whatever it comes from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import perf_counter

import numpy as np
from torch import nn

from motiflens.analyses.benchmark.cells import cells
from motiflens.analyses.benchmark.plan import ATTENTION, BenchmarkPlan
from motiflens.analyses.benchmark.subject import Subject
from motiflens.analyses.benchmark.truth import mask
from motiflens.analyses.motifs.engines.scan import scan
from motiflens.analyses.motifs.jaspar import jaspar_by_name
from motiflens.analyses.targets import targets
from motiflens.interpret.adapter import Adapter, adapt
from motiflens.interpret.attribution.options import AttributionOptions
from motiflens.interpret.attribution.strands import importance
from motiflens.interpret.coordinates import to_bp
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.data.one_hot import decode
from motiflens.models.data.windows import Windows
from motiflens.models.types import Doubles, Floats, Integers

UNSIGNED = (*ATTENTION, "position", "dnase", "pwm")
_TRAINING = 500  # windows of the position prior


@dataclass(frozen=True)
class Map:
    """What a method says of windows.

    Attributes
    ----------
    values
        (M, L): signed where the method has a sign.
    seconds
        For a window.
    unsure
        Share of windows whose contributions do not add up; None without the axiom.
    """

    values: Floats
    seconds: float
    unsure: float | None = None

    @property
    def size(self) -> Floats:
        """(M, L): importance without its sign."""
        return np.abs(self.values)


def make_map(method: str, subject: Subject, plan: BenchmarkPlan) -> Map:
    """Make a method's map of a subject's windows.

    Raises
    ------
    ValueError
        Where the method does not apply to the model or the data.
    """
    started = perf_counter()
    if method in _BASELINES:
        return Map(_BASELINES[method](subject).astype(np.float32), (perf_counter() - started) / len(subject.rows))
    batch = subject.batch
    values, unsure = model_map(method, subject.opened.run.model, (batch.x, batch.meta), subject.output, plan)
    return Map(values, (perf_counter() - started) / len(values), unsure)


def model_map(
    method: str,
    model: SequenceModel | nn.Module,
    inputs: tuple[Floats, Floats | None],
    output: int,
    plan: BenchmarkPlan,
) -> tuple[Floats, float | None]:
    """Return a method's map, (N, L), of any model, and the share of windows whose contributions do not add up."""
    x, meta = inputs
    if method in ATTENTION:
        return attention_map(adapt(model, length=x.shape[-1]), x, meta, rollout=method != "attention"), None
    chosen = AttributionOptions(method, target=output, seed=plan.seed, batch_size=plan.batch_size)
    why = adapt(model, length=x.shape[-1]).attribute(x, chosen, meta=meta)
    unsure = None if why.flagged is None else float(why.flagged.mean())
    return importance(why.scores), unsure


def attention_map(adapter: Adapter, x: Floats, meta: Floats | None, *, rollout: bool = False) -> Floats:
    """Return attention by bases, (N, L), forward; of a model that scores both strands itself their mean."""
    parts = []
    for strand in ("+", "-") if adapter.siamese else ("+",):
        seen = adapter.attention(x, meta, strand=strand, reduce="rollout" if rollout else None)  # type: ignore[arg-type]
        parts.append(to_bp(seen.profile, seen.field, x.shape[-1], strand=strand))  # type: ignore[arg-type]
    return np.asarray(np.mean(parts, axis=0), dtype=np.float32)


def attention_cells(subject: Subject) -> Integers | None:
    """Return the attention position of each base, (L,); None for a model without attention."""
    adapter, batch = subject.opened.adapter, subject.batch
    if not subject.opened.attends:
        return None
    seen = adapter.attention(batch.x[:1], None if batch.meta is None else batch.meta[:1])
    return cells(seen.field, batch.x.shape[-1])


def _random(subject: Subject) -> Floats:
    """Scores that know nothing, the same for every model."""
    shape = (len(subject.rows), subject.batch.x.shape[-1])
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def _position(subject: Subject) -> Doubles:
    """How often each place of the bound training windows lies in a bound site."""
    opened, truth = subject.opened, subject.truth
    windows = opened.dataset.splits.get("train")
    if windows is None:
        raise ValueError("the data have no training windows to take the position of sites from")
    length = windows.length
    share: Doubles = np.zeros(length)
    total = 0
    for cell, rows in _bound_rows(windows, subject.tf).items():
        part = np.random.default_rng(0).permutation(rows)[:_TRAINING]
        share += mask(windows.table.iloc[part], truth.bound(subject.tf, cell), length).sum(axis=0)
        total += len(part)
    return np.tile(share / max(total, 1), (len(subject.rows), 1))


def _bound_rows(windows: Windows, tf: str) -> dict[str, Integers]:
    """Return a factor's bound rows by cell type."""
    rows_of: dict[str, Integers] = {}
    for column, task in enumerate(windows.tasks):
        name, _, cell = task.partition("|")
        rows = np.flatnonzero(windows.labels[:, column] == 1)
        if name != tf and len(windows.tasks) > 1:
            continue
        if "cell_type" in windows.table:
            there = windows.table["cell_type"].to_numpy()[rows]
            rows_of |= {str(one): rows[there == one] for one in sorted(set(there))}
        elif cell:
            rows_of[cell] = rows
    return rows_of


def _dnase(subject: Subject) -> Floats:
    """Accessibility in the window's cell type."""
    opened = subject.opened
    signal = np.zeros((len(subject.rows), subject.batch.x.shape[-1]), dtype=np.float32)
    for target in targets(opened):
        if target.name.partition("|")[0] != subject.tf:
            continue
        here = np.flatnonzero(np.isin(subject.rows, target.rows))
        if target.dnase is None:
            raise ValueError(f"{opened.dataset.source} has no DNase of {target.name}")
        if target.output == subject.output:
            signal[here] = opened.windows.track(target.dnase, subject.rows[here])
    return signal


def _pwm(subject: Subject) -> Doubles:
    """−log10 p of the factor's best JASPAR site over each base, on either strand."""
    motif = jaspar_by_name(f"jaspar:2026:{subject.tf}")[0]
    codes = subject.opened.windows.codes(subject.rows)
    names = {str(row): decode(one) for row, one in enumerate(codes)}
    hits = scan([motif], names, threshold=1.0, threads=1)
    scores = np.zeros(codes.shape)
    rows = hits["sequence_name"].astype(int).to_numpy()
    value = -np.log10(np.maximum(hits["p-value"].to_numpy(), 1e-300))
    for offset in range(motif.width):
        np.maximum.at(scores, (rows, hits["start"].to_numpy() - 1 + offset), value)
    return scores


_BASELINES: dict[str, Callable[[Subject], Floats | Doubles]] = {
    "random": _random,
    "position": _position,
    "dnase": _dnase,
    "pwm": _pwm,
}
