"""All scores of one map of one model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from motiflens.analyses.benchmark.cells import cell_means, cell_truth
from motiflens.analyses.benchmark.faithfulness import Faithfulness, FaithfulnessOptions, faithfulness
from motiflens.analyses.benchmark.localisation import Localisation, localisation
from motiflens.analyses.benchmark.maps import UNSIGNED, Map, attention_cells, model_map
from motiflens.analyses.benchmark.measures import Measure
from motiflens.analyses.benchmark.plan import BASELINES, BenchmarkPlan
from motiflens.analyses.benchmark.rule_scores import Case, RuleScores, rule_scores
from motiflens.analyses.benchmark.subject import RuleSite, Subject
from motiflens.interpret.attribution.gradient_inputs import predictions
from motiflens.interpret.attribution.strands import agreement
from motiflens.interpret.sanity import fresh_twin
from motiflens.models.architectures.base import reverse_complement
from motiflens.models.data.one_hot import one_hot
from motiflens.models.types import Booleans, Codes, Doubles, Floats, Integers

SHUFFLES = 5
LOCAL = ("auroc", "auprc", "pointing", "hit_rate", "distance")


class Others(NamedTuple):
    """Models that a map is compared with."""

    seeds: Sequence[nn.Module]  # of the same architecture from other starts
    shuffled: nn.Module | None  # trained on shuffled labels


def score_localisation(map_: Map, subject: Subject) -> list[Measure]:
    """Localisation in all bound windows and in those off centre, by bases and at the attention's resolution."""
    rows = subject.groups["bound"]
    size, inside = map_.size[rows], subject.inside[rows]
    known = subject.batch.x[rows, :4].sum(axis=1) > 0
    away = subject.off_centre[rows]
    measures = _local(localisation(size, inside, known), away, "base")
    cell = attention_cells(subject)
    if cell is not None:
        coarse = localisation(cell_means(size, cell), cell_truth(inside, cell))
        measures += [m for m in _local(coarse, away, "attention") if m.score != "distance"]
    return measures


def _local(scores: Localisation, away: Booleans, resolution: str) -> list[Measure]:
    measures = []
    for name in LOCAL:
        values = getattr(scores, name)
        measures.append(Measure(name, values, resolution=resolution))
        if away.any():
            measures.append(Measure(name, values[away], windows="off_centre", resolution=resolution))
    return measures


def score_hard_negatives(map_: Map, subject: Subject) -> list[Measure]:
    """Mean importance of bound sites against that of decoys in unbound windows, one number a window."""
    rows = subject.groups["bound"]
    inside = subject.inside[rows]
    sites = (map_.size[rows] * inside).sum(axis=1) / inside.sum(axis=1)
    measures = []
    for kind, spans in subject.decoys.items():
        best: dict[int, float] = {}
        for row, start, end in spans:
            value = float(map_.size[row, start:end].mean())
            best[row] = max(value, best.get(row, -np.inf))
        if best:
            low = np.array(list(best.values()))
            measures.append(Measure(f"auroc_{kind}", sites.astype(np.float64), low, windows=kind))
    return measures


def predictor(subject: Subject, rows: Integers, batch_size: int) -> Callable[[Codes, Integers], Doubles]:
    """Return the model's logits as a function of bases, all else as in the windows `rows`."""
    model, batch = subject.opened.run.model, subject.batch
    signals = batch.x[rows, 4:]
    place = next((weight.device for weight in model.parameters()), torch.device("cpu"))
    meta = None if batch.meta is None or not model.meta else torch.from_numpy(batch.meta[rows])

    def predict(codes: Codes, index: Integers) -> Doubles:
        x = torch.from_numpy(np.concatenate([one_hot(codes), signals[index]], axis=1)).to(place)
        extra = None if meta is None else meta[torch.from_numpy(index)].to(place)
        return predictions(model, x, subject.output, extra, batch_size).double().cpu().numpy()

    return predict


def score_faithfulness(map_: Map, subject: Subject, plan: BenchmarkPlan) -> tuple[list[Measure], Faithfulness]:
    """Deletion, insertion, sufficiency and comprehensiveness in bound windows, and the curves."""
    rows = subject.groups["bound"][: plan.faithful]
    codes = subject.opened.windows.codes(subject.rows[rows])
    options = FaithfulnessOptions(seed=plan.seed)
    result = faithfulness(predictor(subject, rows, 4 * plan.batch_size), codes, map_.size[rows], options)
    measures = [
        Measure("deletion", result.deletion.mean(axis=1)),
        Measure("insertion", result.insertion.mean(axis=1)),
        Measure("comprehensiveness", result.comprehensiveness),
        Measure("sufficiency", result.sufficiency),
    ]
    return measures, result


def score_ism(map_: Map, reference: Floats, subject: Subject) -> list[Measure]:
    """Rank correlation with the map of saturation mutagenesis, signs left out."""
    rows = subject.groups["bound"]
    known = subject.batch.x[rows, :4].sum(axis=1) > 0
    return [Measure("ism_spearman", similarity(map_.size[rows], np.abs(reference[rows]), known))]


def similarity(first: Floats, second: Floats, known: Booleans) -> Doubles:
    """Rank correlation of two maps, (N,): 0 where one is constant, which resembles nothing."""
    return np.nan_to_num(agreement(first, second, known)[1])


def score_rule(method: str, map_: Map, subject: Subject) -> list[Measure]:
    """Whether contributions obey the rule; of a map without signs the context alone."""
    if not subject.rules:
        return []
    cases = [_case(site, map_.values) for site in subject.rules]
    return _rule_measures(rule_scores(subject.truth.rule, cases), signed=method not in UNSIGNED)


def _rule_measures(scores: RuleScores, *, signed: bool) -> list[Measure]:
    measures = []
    if signed and len(scores.signs):
        measures.append(Measure("rule_signs", scores.signs, windows="rule"))
    if len(scores.high) and len(scores.low):
        measures.append(Measure("rule_context", scores.high, scores.low, windows="rule"))
    return measures


def score_model_rule(subject: Subject, plan: BenchmarkPlan) -> list[Measure]:
    """Whether the model itself obeys the rule: else no faithful map can show it.

    A site's contribution is how much the logit falls as its bases are shuffled (mean of `SHUFFLES`).
    """
    if not subject.rules:
        return []
    rows = np.array([site.row for site in subject.rules], dtype=np.int64)
    codes = subject.opened.windows.codes(subject.rows[rows])
    predict = predictor(subject, rows, 4 * plan.batch_size)
    before = predict(codes, np.arange(len(rows)))
    cases = []
    rng = np.random.default_rng(plan.seed)
    for number, site in enumerate(subject.rules):
        index = np.full(SHUFFLES, number)
        falls = [float("nan"), float("nan")]
        for place, span in enumerate((site.first, site.second)):
            if span is not None:
                some = codes[index]
                some[:, slice(*span)] = rng.permuted(some[:, slice(*span)], axis=1)
                falls[place] = float(before[number] - predict(some, index).mean())
        cases.append(Case(site.row, site.partner, site.satisfied, *falls))
    return _rule_measures(rule_scores(subject.truth.rule, cases), signed=True)


def _case(site: RuleSite, values: Floats) -> Case:
    def total(span: tuple[int, int] | None) -> float:
        return float("nan") if span is None else float(values[site.row, span[0] : span[1]].sum())

    return Case(site.row, site.partner, site.satisfied, total(site.first), total(site.second))


def score_sanity(method: str, map_: Map, subject: Subject, others: Others, plan: BenchmarkPlan) -> list[Measure]:
    """Similarity to maps of untrained, mistrained and retrained models, and of the other strand."""
    if method in BASELINES:
        return []
    rows = subject.groups["bound"][: plan.checked]
    batch, model = subject.batch, subject.opened.run.model
    x, meta = batch.x[rows], None if batch.meta is None or not model.meta else batch.meta[rows]
    known = x[:, :4].sum(axis=1) > 0
    own = map_.size[rows]

    def like(other: nn.Module, windows: Floats = x) -> Floats:
        return np.abs(model_map(method, other, (windows, meta), subject.output, plan)[0])

    measures = [Measure("randomised_weights", similarity(own, like(fresh_twin(model, plan.seed + 1)), known))]
    if others.shuffled is not None:
        measures.append(Measure("shuffled_labels", similarity(own, like(others.shuffled), known)))
    if others.seeds:
        each = [similarity(own, like(other), known) for other in others.seeds]
        measures.append(Measure("retrained_seeds", np.mean(each, axis=0)))
    turned = reverse_complement(torch.from_numpy(x)).contiguous().numpy()
    back = np.ascontiguousarray(like(model, turned)[:, ::-1])
    measures.append(Measure("strands", similarity(own, back, known)))
    if map_.unsure is not None:
        measures.append(Measure("not_converged", np.array([map_.unsure])))
    return measures
