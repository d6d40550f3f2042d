"""Whether attributions deserve to be believed: one call, every check."""

from __future__ import annotations

import copy
import dataclasses
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from motiflens.interpret.attribution.attribute import attribute
from motiflens.interpret.attribution.baselines import known_bases
from motiflens.interpret.attribution.method_costs import COSTS
from motiflens.interpret.attribution.options import AttributionOptions
from motiflens.interpret.attribution.strands import agreement, importance, strand_agreement
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.architectures.fitted import FittedModel
from motiflens.models.check_run_fits import check_run_fits
from motiflens.models.data.windows import Windows
from motiflens.models.option_ranges import check_numbers
from motiflens.models.output import Output, choose_output, one_output
from motiflens.models.precision import full_precision
from motiflens.models.registry import architectures, rebuild
from motiflens.models.run import Run
from motiflens.models.types import Floats, Integers, Json

# Where a check passes. The similarities are conventions (rank correlations over the bases of a window), chosen so
# that what a check is for shows: a map that hardly changes when the weights behind it are noise explains nothing.
AT_MOST: Final = {"weights": 0.5, "labels": 0.5, "batches": 1e-3, "completeness": 0.0, "control": 0.2}
AT_LEAST: Final = {"seeds": 0.7, "strands": 0.5, "twins": 0.5}
# A model trained here says something of its labels where its loss fell below this share of nothing learned.
_FITTED: Final = 0.9
_UNFITTED: Final = "none: not fitted, train for longer"
COLUMNS: Final = ("check", "part", "measure", "value", "limit", "passed")


@dataclass(frozen=True)
class Sanity:
    """What the checks found.

    Attributes
    ----------
    method, target
        What was checked.
    windows
        Number of windows, bound ones first.
    table
        One row a number: ``check``, ``part``, ``measure``, ``value``, ``limit`` (text, empty where a number is
        only reported) and ``passed`` (True, False, None).
    """

    method: str
    target: int
    windows: int
    table: pd.DataFrame

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return not any(value is False for value in self.table["passed"])

    def as_json(self) -> Json:
        """Return everything as plain values; NaN becomes null."""
        rows: list[Json] = json.loads(self.table.to_json(orient="records"))
        return {
            "method": self.method,
            "target": self.target,
            "windows": self.windows,
            "passed": self.passed,
            "checks": rows,
        }


@dataclass(frozen=True)
class SanityOptions:
    """How `sanity` checks.

    Attributes
    ----------
    n
        Windows to attribute, bound ones of the target first.
    stages
        Steps in which the weights are randomised, from the output down.
    seeds
        Seeds to compare.
    epochs, train_windows
        Training on shuffled labels: passes over how many windows; 0 epochs leave it out.
    twins
        Models of the same architecture to train anew, each from another start, with as many epochs.
    batch_size, seed, baseline, output, options
        As for `attribute`.
    """

    n: int = 32
    stages: int = 5
    seeds: int = 3
    epochs: int = 5
    train_windows: int = 256
    twins: int = 0
    batch_size: int = 64
    seed: int = 0
    baseline: str | None = None
    output: Output = None
    options: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        check_numbers(self)
        if self.twins and not self.epochs:
            raise ValueError("sanity: twins are trained for `epochs` epochs: give at least 1")

    def attribution(self, method: str, target: int) -> AttributionOptions:
        """Return the options of an attribution that is checked."""
        compares = method in COSTS and COSTS[method].shuffles is not None
        return AttributionOptions(
            method=method,
            target=target,
            output=self.output,
            baseline=self.baseline if compares else None,
            batch_size=self.batch_size,
            seed=self.seed,
            options=self.options,
        )


@torch.inference_mode(mode=False)  # the caller may be within one, where no gradient passes
def sanity(
    model: nn.Module | Run,
    windows: Windows,
    *,
    method: str = "saliency",
    target: int = 0,
    shuffled: nn.Module | Run | None = None,
    twins: Sequence[nn.Module | Run] = (),
    settings: SanityOptions | None = None,
) -> Sanity:
    """Check a method on a model.

    - ``weights``: the map's similarity to those of models whose weights are randomised one stage after the other,
      from the output down (cascading randomisation; Adebayo et al. 2018).
    - ``labels``: its similarity to that of a model trained on shuffled labels (ibid.). Give such a model as
      `shuffled`; otherwise a fresh twin is trained briefly on some of the windows, and the loss that it reached is
      reported: only a twin that fitted its labels (well below the loss of answering with the share of bound
      windows, which is given beside it) says much.
    - ``seeds``: similarity between random seeds of the method, where it draws anything at all; nothing is trained
      anew. ``twins``: similarity to the maps of models trained anew from other starts, given or trained briefly on
      some of the windows, beside that of untrained ones. Of models trained here that did not learn (loss
      above .9 of nothing learned) there is no verdict, neither here nor on shuffled labels: train them longer.
    - ``strands``: agreement with the map of the reverse complement, of the model as it answers. Of a model that
      merges both strands itself that of single strands is reported too, without a verdict: it owes nothing to
      either.
    - ``batches``: largest difference between batch sizes. ``completeness``: where the method promises it.
    - ``control``: similarity to random scores, for the scale.

    Parameters
    ----------
    model
        A model or an opened run.
    windows
        One split of a data set.
    method, target
        As for `attribute`.
    shuffled
        A model, or run, trained on shuffled labels.
    twins
        Models, or runs, trained on the same data from other random starts.
    settings
        How.

    Raises
    ------
    ValueError
        As `attribute`, if there are no windows, or if a twin is the model itself.
    """
    chosen = settings or SanityOptions()
    network = _network(model)
    if not len(windows):
        raise ValueError("sanity needs windows: this split has none")
    if isinstance(model, Run):
        check_run_fits(model, windows)
    batch = windows.read(_pick(windows, target, chosen))
    meta = None if batch.meta is None else torch.from_numpy(batch.meta)
    maps = _Maps(network, torch.from_numpy(batch.x), meta, method, target, chosen)
    rows = [
        *_weights(maps),
        *_labels(maps, windows, None if shuffled is None else _network(shuffled)),
        *_seeds(maps),
        *_twins(maps, windows, [_network(twin) for twin in twins]),
        *_strands(maps),
        *_batches(maps),
        *_completeness(maps),
        *_control(maps),
    ]
    table = pd.DataFrame([dict(zip(COLUMNS, row, strict=True)) for row in rows], columns=list(COLUMNS))
    table["passed"] = table["passed"].astype(object)
    return Sanity(method, target, len(batch.x), table)


def _network(model: nn.Module | Run) -> nn.Module:
    return full_precision(model.model if isinstance(model, Run) else model)


Row = tuple[str, str, str, float, str, bool | None]


def _pick(windows: Windows, target: int, settings: SanityOptions) -> Integers:
    """Choose windows, bound ones first, in a fixed random order."""
    order = np.random.default_rng(settings.seed).permutation(len(windows))
    column = min(target, windows.labels.shape[1] - 1)
    bound = windows.labels[order, column] == 1
    return np.concatenate([order[bound], order[~bound]])[: settings.n]


@dataclass(frozen=True)
class _Maps:
    """Maps of importance, one signed number a base, of one set of windows."""

    model: nn.Module
    x: Tensor
    meta: Tensor | None
    method: str
    target: int
    settings: SanityOptions

    def of(self, model: nn.Module | None = None, **changed: Any) -> Floats:
        """Return the map, (N, L), of a model."""
        return importance(self.result(model, **changed).scores)

    def result(self, model: nn.Module | None = None, **changed: Any) -> Any:
        s = self.settings
        chosen = dataclasses.replace(s.attribution(self.method, self.target), **changed)
        return attribute(model or self.model, self.x, chosen, meta=self.meta)

    @property
    def draws(self) -> bool:
        """Whether the method draws anything at random."""
        shuffles = COSTS[self.method].shuffles is not None and self.settings.baseline in (None, "shuffle")
        return shuffles or self.method in ("smoothgrad", "gradient_shap", "random")

    def similarity(self, first: Floats, second: Floats) -> tuple[float, float]:
        """Return the mean rank correlation over windows, of the signed maps and of their absolute values.

        A map that is constant resembles nothing: 0.
        """
        known = known_bases(self.x).numpy()
        signed = np.nan_to_num(agreement(first, second, known)[1])
        absolute = np.nan_to_num(agreement(np.abs(first), np.abs(second), known)[1])
        return float(signed.mean()), float(absolute.mean())


def _weights(maps: _Maps) -> list[Row]:
    original = maps.of()
    fresh = fresh_twin(maps.model, maps.settings.seed)
    broken = copy.deepcopy(maps.model)
    names = [name for name, module in broken.named_modules() if list(module.parameters(recurse=False))][::-1]
    stages = [
        list(part) for part in np.array_split(np.array(names, dtype=object), maps.settings.stages) if len(part)
    ]
    rows: list[Row] = []
    for number, stage in enumerate(stages, 1):
        for name in stage:
            _take_over(broken.get_submodule(name), fresh.get_submodule(name))
        signed, absolute = maps.similarity(original, maps.of(broken))
        part = f"{number} of {len(stages)}: down to {stage[-1] or 'all'}"
        rows.append(("weights", part, "spearman", signed, "", None))
        last = number == len(stages)
        limit = AT_MOST["weights"]
        rows.append(
            ("weights", part, "spearman of absolute values", absolute, f"<= {limit}" if last else "",
             absolute <= limit if last else None)
        )  # fmt: skip
    return rows


def fresh_twin(model: nn.Module, seed: int) -> nn.Module:
    """Return the model with weights as if it had never been trained.

    One of our architectures is built again. Of any other module each parameter's entries are permuted, which keeps
    their distribution.
    """
    if isinstance(model, SequenceModel) and model.name in architectures():
        like = next(model.parameters())
        return rebuild(model.config, seed=seed).to(device=like.device, dtype=like.dtype).eval()
    generator = torch.Generator().manual_seed(seed)
    twin = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in twin.parameters():
            order = torch.randperm(parameter.numel(), generator=generator).to(parameter.device)
            parameter.copy_(parameter.flatten()[order].reshape(parameter.shape))
    return twin


def _take_over(module: nn.Module, fresh: nn.Module) -> None:
    """Copy a module's own parameters and buffers from another."""
    with torch.no_grad():
        for tensors in ("_parameters", "_buffers"):
            for name, value in getattr(module, tensors).items():
                if value is not None:
                    value.copy_(getattr(fresh, tensors)[name])


def _labels(maps: _Maps, windows: Windows, shuffled: nn.Module | None) -> list[Row]:
    rows: list[Row] = []
    part, fitted = "given model", True
    if shuffled is None:
        if not maps.settings.epochs:
            return []
        shuffled = fresh_twin(maps.model, maps.settings.seed + 1)
        loss, nothing = _train(shuffled, windows, maps, shuffle=True)
        part, fitted = f"twin trained for {maps.settings.epochs} epochs", loss < _FITTED * nothing
        rows.append(("labels", part, f"training loss ({nothing:.3g} = nothing learned)", loss, "", None))
    signed, absolute = maps.similarity(maps.of(), maps.of(shuffled))
    limit = AT_MOST["labels"]
    wanted, passed = (f"<= {limit}", absolute <= limit) if fitted else (_UNFITTED, None)
    rows.append(("labels", part, "spearman", signed, "", None))
    rows.append(("labels", part, "spearman of absolute values", absolute, wanted, passed))
    return rows


def _train(
    model: nn.Module, windows: Windows, maps: _Maps, *, shuffle: bool, seed: int = 0
) -> tuple[float, float]:
    """Train in place, on permuted labels or the true ones (Adam, 1e-3, batches of 32; others as they are fitted).

    Of a model with other outputs than there are labels the target alone is trained. Returns the last epoch's mean
    loss, and that of a model that knows no more than how many windows are bound.
    """
    settings = maps.settings
    rng = np.random.default_rng(settings.seed + seed)
    index = rng.permutation(len(windows))[: settings.train_windows]
    labels = torch.from_numpy(windows.labels[rng.permutation(index) if shuffle else index])
    if isinstance(model, FittedModel):
        return _fit(model, windows.subset(index), labels, settings)
    like = next(model.parameters())
    optimiser = torch.optim.Adam(model.requires_grad_(True).parameters(), lr=1e-3)
    loss = float("nan")
    with torch.random.fork_rng(devices=[]), one_output(model, settings.output):
        torch.manual_seed(settings.seed + seed)  # of dropout
        model.train()
        for _ in range(settings.epochs):
            losses = []
            for part in np.array_split(rng.permutation(len(index)), max(1, len(index) // 32)):
                batch = windows.read(index[part])
                x = torch.from_numpy(batch.x).to(like)
                meta = None if batch.meta is None else torch.from_numpy(batch.meta).to(like)
                y = labels[part].to(like)
                logits = choose_output(model(x) if meta is None else model(x, meta), None, len(x))
                if logits.shape != y.shape:
                    logits, y = logits[:, maps.target, None], y[:, min(maps.target, y.shape[1] - 1), None]
                known = ~y.isnan()
                if not known.any():
                    continue
                error = nn.functional.binary_cross_entropy_with_logits(logits[known], y[known])
                optimiser.zero_grad()
                error.backward()
                optimiser.step()
                losses.append(float(error.detach()))
            loss = float(np.mean(losses)) if losses else float("nan")
        model.eval()
    return loss, _base_rate_loss(labels)


def _fit(model: FittedModel, windows: Windows, labels: Tensor, settings: SanityOptions) -> tuple[float, float]:
    """As `_train`, of a model that is fitted at once."""
    windows.labels = labels.numpy()
    model.fit(windows, np.arange(len(windows)), seed=settings.seed)
    model.eval()
    batch = windows.read(np.arange(len(windows)))
    with torch.no_grad():
        logits = model(torch.from_numpy(batch.x).to(next(model.parameters()))).cpu()
    known = ~labels.isnan()
    loss = nn.functional.binary_cross_entropy_with_logits(logits[known].float(), labels[known])
    return float(loss), _base_rate_loss(labels)


def _base_rate_loss(labels: Tensor) -> float:
    """Return the cross entropy of labels, (N, tasks), with their task's mean; NaN are unknown."""
    rate = labels.nanmean(0).expand_as(labels)
    known = ~labels.isnan()
    return float(nn.functional.binary_cross_entropy(rate[known], labels[known]))


def _seeds(maps: _Maps) -> list[Row]:
    if not maps.draws:
        return [("seeds", "the method draws nothing: seeds cannot differ", "spearman", 1.0, "", None)]
    attributions = [maps.of(seed=maps.settings.seed + i) for i in range(maps.settings.seeds)]
    pairs = [(a, b) for i, a in enumerate(attributions) for b in attributions[i + 1 :]]
    if not pairs:
        return []
    similar = float(np.mean([maps.similarity(a, b)[0] for a, b in pairs]))
    limit = AT_LEAST["seeds"]
    return [
        ("seeds", f"{len(attributions)} seeds of the method", "spearman", similar, f">= {limit}", similar >= limit)
    ]


def _twins(maps: _Maps, windows: Windows, given: list[nn.Module]) -> list[Row]:
    s = maps.settings
    rows: list[Row] = []
    part, fitted = f"{len(given)} given models", True
    for number, twin in enumerate(given, 1):
        if _equal(maps.model, twin):
            raise ValueError(
                f"twin {number} has the weights of the model itself: give one trained alike from another start"
            )
    if not given:
        if not s.twins:
            return []
        part = f"{s.twins} twins trained for {s.epochs} epochs"
        fresh = [fresh_twin(maps.model, s.seed + 101 + number) for number in range(s.twins)]
        untrained = float(np.mean([maps.similarity(maps.of(), maps.of(twin))[0] for twin in fresh]))
        rows.append(("twins", f"{s.twins} untrained twins", "spearman", untrained, "", None))
        for number, twin in enumerate(fresh):
            loss, nothing = _train(twin, windows, maps, shuffle=False, seed=101 + number)
            name = f"training loss ({nothing:.3g} = nothing learned)"
            rows.append(("twins", f"twin {number + 1}", name, loss, "", None))
            fitted &= loss < _FITTED * nothing
        given = fresh
    similar = float(np.mean([maps.similarity(maps.of(), maps.of(twin))[0] for twin in given]))
    limit = AT_LEAST["twins"]
    wanted, passed = (f">= {limit}", similar >= limit) if fitted else (_UNFITTED, None)
    return [*rows, ("twins", part, "spearman", similar, wanted, passed)]


def _equal(first: nn.Module, second: nn.Module) -> bool:
    """Whether two models have the same weights."""
    a, b = first.state_dict(), second.state_dict()
    return list(a) == list(b) and all(
        not isinstance(value, Tensor) or torch.equal(value.cpu(), b[name].cpu()) for name, value in a.items()
    )


def _strands(maps: _Maps) -> list[Row]:
    chosen = maps.settings.attribution(maps.method, maps.target)
    merges = bool(getattr(maps.model, "siamese", False))
    limit = AT_LEAST["strands"]
    rows: list[Row] = []
    for single in (False, True) if merges else (False,):
        agreed = strand_agreement(maps.model, maps.x, chosen, meta=maps.meta, single=single)
        pearson, spearman = (float(np.median(np.nan_to_num(r))) for r in (agreed.pearson, agreed.spearman))
        part = "median window, single strands" if single else "median window"
        verdict = (f">= {limit}", pearson >= limit) if not single else ("", None)
        rows += [
            ("strands", part, "pearson", pearson, *verdict),
            ("strands", part, "spearman", spearman, "", None),
        ]
    return rows


def _batches(maps: _Maps) -> list[Row]:
    whole, parts = maps.of(), maps.of(batch_size=3)
    worst = float(np.abs(whole - parts).max() / max(np.abs(whole).max(), np.finfo(whole.dtype).tiny))
    limit = AT_MOST["batches"]
    part = f"batches of {maps.settings.batch_size} and 3"
    return [("batches", part, "largest difference / largest score", worst, f"<= {limit}", worst <= limit)]


def _completeness(maps: _Maps) -> list[Row]:
    result = maps.result()
    if result.completeness is None:
        return []
    share, limit = float(result.flagged.mean()), AT_MOST["completeness"]
    return [
        ("completeness", "all windows", "largest relative error", float(result.completeness.max()), "", None),
        ("completeness", "all windows", "share of windows flagged", share, f"<= {limit}", share <= limit),
    ]


def _control(maps: _Maps) -> list[Row]:
    random = dataclasses.replace(maps, method="random", settings=dataclasses.replace(maps.settings, options={}))
    noise = importance(random.result(baseline=None).scores)
    signed, _ = maps.similarity(maps.of(), noise)
    limit = AT_MOST["control"]
    return [("control", "random scores", "spearman", signed, f"<= {limit}", abs(signed) <= limit)]
