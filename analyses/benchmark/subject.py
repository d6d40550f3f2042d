"""A trained model with the windows that all methods are compared on, and what is true of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from motiflens.analyses.apart import apart
from motiflens.analyses.benchmark.plan import BenchmarkPlan
from motiflens.analyses.benchmark.truth import HARD, Truth, mask, read_truth, spans
from motiflens.analyses.targets import OpenedRun, Target, targets
from motiflens.interpret.adapter import adapt
from motiflens.models.amount import amount
from motiflens.models.check_run_fits import check_run_fits
from motiflens.models.data.options import Options
from motiflens.models.data.simulate.factors import PAIR
from motiflens.models.data.text import listed
from motiflens.models.data.windows import Batch
from motiflens.models.open_for_run import open_as_trained
from motiflens.models.run import Run
from motiflens.models.types import Booleans, Integers

SPLIT = "test"


@dataclass(frozen=True)
class RuleSite:
    """A planted site of the rule's factor within a window, and its partner's.

    Attributes
    ----------
    row
        Of the subject's windows.
    first, second
        Start and end in the window; None without a partner that lies within.
    partner, satisfied
        See `rule_scores.Case`.
    """

    row: int
    first: tuple[int, int]
    second: tuple[int, int] | None
    partner: bool
    satisfied: bool


@dataclass(frozen=True)
class Subject:
    """What methods are compared on.

    Attributes
    ----------
    opened, output
        The run with its data, and the output that is explained.
    tf
        Its factor.
    truth
        Of the data.
    rows
        (M,) rows of the split: bound windows first, then hard negatives, then those of the rule.
    groups
        ``bound``, a kind of hard negative, or ``rule`` -> places in `rows`.
    inside
        (M, L): bases in bound sites of the factor, in the window's cell type.
    decoys
        Kind -> (row in `rows`, start, end) of each decoy in that kind's windows.
    off_centre
        (M,): the nearest site's middle lies more than a sixth of the window from its centre.
    rules
        Sites of the rule, where the factor has one.
    batch
        The windows as the model takes them.
    """

    opened: OpenedRun
    output: int
    tf: str
    truth: Truth
    rows: Integers
    groups: dict[str, Integers]
    inside: Booleans
    decoys: dict[str, list[tuple[int, int, int]]]
    off_centre: Booleans
    rules: tuple[RuleSite, ...]
    batch: Batch


def open_subject(run: Run, source: str, tf: str, plan: BenchmarkPlan) -> Subject:
    """Open a run on a data set and choose the windows that methods are compared on.

    The choice depends on the data, the factor, the window length and the plan's seed alone: models of one length
    are compared on the same windows.

    Raises
    ------
    ValueError, FileNotFoundError
        If the data have no truth, the run does not fit, or no bound window holds a site.
    """
    run = _of_true_labels(run)
    signals = () if run.model.channels == 4 and not run.model.meta else None
    dataset = open_as_trained(run, source, Options(tf=tf, signals=signals) if _of_one_factor(run) else None)
    windows = dataset[SPLIT]
    check_run_fits(run, windows)
    opened = OpenedRun(run.path.name, run, dataset, windows, adapt(run.model, length=windows.length))
    wanted = [target for target in targets(opened) if target.name.partition("|")[0] == tf]
    if not wanted:
        raise ValueError(f"{run.path} has no output for {tf}: its tasks are {listed(run.tasks, 10)}")
    wanted = [target for target in wanted if target.output == wanted[0].output]
    truth = read_truth(source)
    return _chosen(opened, wanted, (tf, truth), plan)


def _of_true_labels(run: Run) -> Run:
    """Return a run as if it had not been trained on shuffled labels: it is looked at on the true ones."""
    data = run.config.get("data", {})
    options = {key: value for key, value in data.get("options", {}).items() if key != "control"}
    return replace(run, config={**run.config, "data": {**data, "options": options}}) if "options" in data else run


def _of_one_factor(run: Run) -> bool:
    """Tell whether data are to be opened for one factor: as the run was, or as an imported one has to be."""
    data = run.config.get("data", {})
    return bool(data.get("options", {}).get("tf")) or "source" not in data


def _chosen(opened: OpenedRun, wanted: Sequence[Target], known: tuple[str, Truth], plan: BenchmarkPlan) -> Subject:
    tf, truth = known
    windows, length = opened.windows, opened.windows.length
    table, column = windows.table, wanted[0].column
    cells = np.full(len(windows), "", dtype=object)
    for target in wanted:
        cells[target.rows] = target.name.partition("|")[2]
    inside = np.zeros((len(windows), length), dtype=bool)
    for cell in sorted({str(cell) for cell in cells if cell}):
        there = np.flatnonzero(cells == cell)
        inside[there] = mask(table.iloc[there], truth.bound(tf, cell), length)
    order = np.random.default_rng([plan.seed, length]).permutation(np.flatnonzero(cells != ""))
    labels = windows.labels[:, column]
    taken: dict[str, list[int]] = {}
    bound = apart(table, [row for row in order if labels[row] == 1 and inside[row].any()], length, taken)
    bound = bound[: plan.windows]
    if len(bound) < 3:
        raise ValueError(f"{amount(len(bound), 'bound test window')} of {tf} with a site: give larger data")
    free = [row for row in order if labels[row] == 0 and not inside[row].any()]
    parts = {"bound": bound}
    for kind in HARD:
        part = truth.decoys[(truth.decoys["kind"] == kind) & (truth.decoys["tf"] == tf)]
        holding = {row for row, first, last in spans(table.iloc[free], part, length) if last - first > 4}
        parts[kind] = apart(table, [row for i, row in enumerate(free) if i in holding], length, {})
        parts[kind] = parts[kind][: plan.negatives]
    if tf == PAIR[0]:
        parts["rule"] = _rule_rows(opened, order, truth, 2 * plan.negatives)
    rows = np.array(list(dict.fromkeys(row for part in parts.values() for row in part)), dtype=np.int64)
    place = {int(row): number for number, row in enumerate(rows)}
    groups = {name: np.array([place[row] for row in part], dtype=np.int64) for name, part in parts.items()}
    shown, here = table.iloc[rows], inside[rows]
    return Subject(
        opened=opened,
        output=wanted[0].output,
        tf=tf,
        truth=truth,
        rows=rows,
        groups=groups,
        inside=here,
        decoys=_decoys(shown, groups, (tf, truth), length),
        off_centre=_off_centre(here),
        rules=tuple(_rule_sites(shown, groups["rule"], truth, length)) if "rule" in groups else (),
        batch=windows.read(rows),
    )


def _decoys(
    table: pd.DataFrame, groups: dict[str, Integers], known: tuple[str, Truth], length: int
) -> dict[str, list[tuple[int, int, int]]]:
    tf, truth = known
    decoys = {}
    for kind in HARD:
        part = truth.decoys[(truth.decoys["kind"] == kind) & (truth.decoys["tf"] == tf)]
        own = set(groups[kind].tolist())
        decoys[kind] = [span for span in spans(table, part, length) if span[0] in own and span[2] - span[1] > 4]
    return decoys


def _off_centre(inside: Booleans) -> Booleans:
    length = inside.shape[1]
    distance = np.abs(np.arange(length) - (length - 1) / 2)
    nearest = np.where(inside, distance, np.inf).min(axis=1)
    return np.isfinite(nearest) & (nearest > length / 6)


def _rule_rows(opened: OpenedRun, order: Integers, truth: Truth, most: int) -> list[int]:
    """Windows of the rule's sites, as many that satisfy it as that do not, where there are."""
    table, length = opened.windows.table, opened.windows.length
    kinds = {True: set[int](), False: set[int]()}
    for site in _rule_sites(table.iloc[order], np.arange(len(order)), truth, length):
        kinds[site.satisfied and (site.partner or truth.rule == "not")].add(site.row)
    taken: dict[str, list[int]] = {}
    chosen: list[int] = []
    for rows in kinds.values():
        chosen += apart(table, [int(order[row]) for row in sorted(rows)], length, taken)[: max(most // 2, 1)]
    return chosen


def _rule_sites(table: pd.DataFrame, rows: Integers, truth: Truth, length: int) -> list[RuleSite]:
    """Sites of the rule that lie whole in windows; one whose partner in reach is cut off is left out."""
    sites = []
    whole: dict[int, list[int]] = {}
    own = truth.rules.reset_index(drop=True)
    for chrom, part in own.groupby("chrom", sort=False):
        starts, ends = part["start"].to_numpy(), part["end"].to_numpy()
        for row in np.flatnonzero((table["chrom"] == chrom).to_numpy()).tolist():
            at = int(table["start"].iloc[row])
            whole[row] = part.index[(starts >= at) & (ends <= at + length)].tolist()
    for row in rows.tolist():
        if len(whole.get(row, [])) != 1:  # of several sites each would be another's context
            continue
        site, at = own.iloc[whole[row][0]], int(table["start"].iloc[row])
        first, last = int(site["partner_start"]) - at, int(site["partner_end"]) - at
        within = bool(site["in_reach"]) and first >= 0 and last <= length
        if site["in_reach"] and not within:
            continue
        place = (int(site["start"]) - at, int(site["end"]) - at)
        second = (first, last) if within else None
        sites.append(RuleSite(row, place, second, bool(site["in_reach"]), bool(site["satisfied"])))
    return sites
