"""Under which data does attention help DeepGRN, if under any, and when does its training not start?

Run: python benchmarks/attention_gain.py [--vary windows rule …] [--kinds KIND …] [--seeds 3] [--out DIR]

One thing is varied at a time about a base: all training windows, 300 bp, CTCF (no partner needed), with DNase.
Varied are the number of training windows; their length; the rule, that is the share of bound windows that need a
partner (CTCF and the grammar ``or``: none; ``and``: all; ``order``: all, on one side); the distance between
partners (5 to 20 bp with the rule ``and``, and that rule with larger ones); DNase on or off; and the size (the
published recipe's). Of the bound windows of 300 bp 81 % hold both partners where these are 5 to 20 bp apart, 71 %
at 40 to 60 bp, and 47 % at 100 to 130 bp, which is therefore compared with 5 to 20 bp in windows of 600 bp (81 and
86 %). For each, DeepGRN's `small` recipe is trained with pairwise, single and no attention. For the
base and the rule ``and`` the start of single attention is mended in three ways besides: with a warm-up (a cosine
schedule, which has one), with the layer behind attention scaled up (the recipes' ``attended_gain``), and with the
convolution of the trained model without attention.

All of a setting are trained for as many steps, without early stopping: 6 epochs, and 14 where GATA1 is learned
(the trained runs of the benchmark start in epochs 3 and 4, and 7 and 15). Of few windows an epoch draws each one
several times, so that their number is not confounded with that of the steps. Seeds are the outer loop and the
base comes first, so that a run that is cut short compares what it has.

Every training is kept in ``DIR/runs``, and after each one ``DIR/attention_gain.tsv`` and ``.md`` are written; the
same command goes on where it was. The table has one row a training with its auPRC on validation (the epoch that
was kept) and on test, and the epoch in which it started: its validation auPRC was at least 1.5 times that of the
window's mean DNase, which knows no motif, or, of models without DNase, 3 times the share of bound windows. The
page has the gain over no attention, mean and 95 % interval by Student's t over seeds, and what was left out.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd
import torch

from motiflens.analyses.marginalize import interval
from motiflens.models.data.options import Options
from motiflens.models.data.simulate.builtin import builtin
from motiflens.models.data.windows import Dataset, Subset
from motiflens.models.evaluate import evaluate
from motiflens.models.files import write_text
from motiflens.models.metrics import binary_metrics
from motiflens.models.open_for_run import open_for_training
from motiflens.models.provenance import versions
from motiflens.models.recipes import Recipe, adjust, recipe
from motiflens.models.registry import build
from motiflens.models.run import Run, open_run, save_run
from motiflens.models.run_files import LOG
from motiflens.models.study.member import finished
from motiflens.models.train import train
from motiflens.models.types import Floats, Integers

NONE, SINGLE, PRETRAINED = "none", "single", "single, pretrained convolution"
_SINGLE = {"attention": "single", "vector": "false"}
KINDS = {
    NONE: {"attention": "none"},
    "pairwise": {"attention": "pairwise"},
    SINGLE: _SINGLE,
    "single, warm-up": {**_SINGLE, "schedule": "cosine"},
    "single, scaled up": {**_SINGLE, "attended_gain": "10"},
    PRETRAINED: _SINGLE,
}
MENDED = tuple(kind for kind in KINDS if kind.startswith(f"{SINGLE}, "))
OVER_DNASE, OVER_SHARE = 1.5, 3.0  # times the auPRC of mean DNase, times the share of bound windows
EPOCHS = {"CTCF": 6, "GATA1": 14}
PUBLISHED = ("kernels", "kernel_size", "pool", "units", "dense", "dropout")


@dataclass(frozen=True)
class Setting:
    """One kind of data, and which starts are mended there."""

    vary: str
    value: str
    tf: str = "CTCF"
    grammar: str | None = None
    distance: tuple[int, int] | None = None  # between partners; 5 to 20 bp by default
    length: int = 300
    windows: int | None = None  # training windows; all by default
    dnase: bool = True
    published: bool = False  # the published recipe's sizes in place of the small ones
    mended: bool = False


BASE = Setting("base", "CTCF, 300 bp, all windows, DNase", mended=True)
_FAR = Setting("distance", "5 to 20 bp, windows of 600 bp", tf="GATA1", grammar="and", length=600)
SETTINGS = (
    BASE,
    Setting("windows", "2000", windows=2_000),
    Setting("rule", "and", tf="GATA1", grammar="and", mended=True),
    Setting("distance", "40 to 60 bp", tf="GATA1", grammar="and", distance=(40, 60)),
    Setting("dnase", "sequence alone", dnase=False),
    replace(_FAR, value="100 to 130 bp, windows of 600 bp", distance=(100, 130)),
    _FAR,
    Setting("rule", "or", tf="GATA1", grammar="or"),
    Setting("length", "200 bp", length=200),
    Setting("windows", "8000", windows=8_000),
    Setting("rule", "order", tf="GATA1", grammar="order"),
    Setting("length", "600 bp", length=600),
    Setting("length", "1000 bp", length=1000),
    Setting("size", "published", published=True),
)


class Repeated(Subset):
    """Some windows of which each epoch draws those of several epochs."""

    def __init__(self, parent: Subset, times: int) -> None:
        super().__init__(parent.parent, parent.index)
        self.times = times

    def epoch(self, number: int, seed: int = 0) -> Integers:
        """Draw several epochs of the subset, one after another."""
        first = number * self.times
        return np.concatenate([super(Repeated, self).epoch(first + i, seed) for i in range(self.times)])


def opened(setting: Setting, how: Recipe, seed: int) -> Dataset:
    """Open a setting's data, cut down to as many training windows as it says."""
    signals = None if setting.dnase else ()
    options = Options(tf=setting.tf, length=setting.length, signals=signals)
    dataset = open_for_training(str(builtin(grammar=setting.grammar, distance=setting.distance)), how, options)
    windows = dataset["train"]
    if setting.windows is None or setting.windows >= len(windows):
        return dataset
    rows = np.sort(np.random.default_rng(seed).choice(len(windows), setting.windows, replace=False))
    few = Repeated(Subset(windows, rows), round(len(windows) / setting.windows))
    splits = {**dataset.splits, "train": few}
    return replace(dataset, splits=splits, hash=f"{dataset.hash} {setting.windows} windows {seed}")


def recipe_of(setting: Setting, kind: str, changes: Sequence[str]) -> Recipe:
    """Return the recipe that a kind of attention is trained with on a setting."""
    epochs = EPOCHS[setting.tf]
    own_epochs = {"epochs": str(epochs), "patience": str(epochs), "valid_windows": "1000"}
    how = recipe("deepgrn", preset="small")
    how = adjust(how, "deepgrn", {**own_epochs, **KINDS[kind], **_pairs(changes)})
    if not setting.dnase:
        how = replace(how, signals=(), signal_dropout=0.0)
    if setting.published:
        own = {key: value for key, value in how.hyperparameters.items() if key not in PUBLISHED}
        how = replace(how, hyperparameters=own)
    return how


def folder_of(setting: Setting, out: Path) -> Path:
    """Return the folder of a setting's runs."""
    return out / "runs" / f"{setting.vary}={setting.value}".replace(" ", "_").replace(",", "")


def trained(setting: Setting, kind: str, seed: int, out: Path, changes: Sequence[str]) -> tuple[Run, Dataset]:
    """Train a kind of attention on a setting, or go on with it."""
    if kind == PRETRAINED and not finished(folder_of(setting, out) / f"{NONE},seed={seed}"):
        raise ValueError("the convolution of the model without attention is not there: train --kinds none before")
    how = recipe_of(setting, kind, changes)
    dataset = opened(setting, how, seed)
    folder = folder_of(setting, out) / f"{kind},seed={seed}"
    if not finished(folder):
        model = _pretrained(setting, dataset, how, seed, out) if kind == PRETRAINED else "deepgrn"
        how = replace(how, finetune_rate=how.rate, finetune_patience=how.patience)  # as the others train
        train(model, dataset, folder, recipe=how, resume=True, seed=seed)
    return open_run(folder), dataset


def _pretrained(setting: Setting, dataset: Dataset, how: Recipe, seed: int, out: Path) -> Run:
    """Return a fresh model of single attention with the convolutions of the trained model without attention."""
    source = open_run(folder_of(setting, out) / f"{NONE},seed={seed}").model
    example = dataset["train"]
    torch.manual_seed(seed)
    model = build(
        "deepgrn",
        length=example.length,
        channels=len(example.channels),
        outputs=1,
        meta=len(example.meta_names),
        **how.hyperparameters,
    )
    own, there = model.state_dict(), source.state_dict()
    same = {name: there[name] for name in own if name.startswith(("convolutions.", "pointwise."))}
    model.load_state_dict({**own, **same})
    config = {"tasks": list(example.tasks), "channels": list(example.channels), "meta": list(example.meta_names)}
    start = folder_of(setting, out) / f"start,seed={seed}"
    save_run(start, model, config)
    return open_run(start)


def _pairs(changes: Sequence[str]) -> dict[str, str]:
    return dict(change.split("=", 1) for change in changes)


def threshold(dataset: Dataset) -> float:
    """Return the validation auPRC from which a training has started (see above)."""
    valid = dataset["valid"]
    labels = valid.labels[:, 0]
    if "dnase" not in valid.channels:
        return OVER_SHARE * float(np.nanmean(labels))
    return OVER_DNASE * binary_metrics(labels, mean_dnase(dataset))["auprc"]


def mean_dnase(dataset: Dataset) -> Floats:
    """Return the mean DNase of each validation window, (N,)."""
    valid = dataset["valid"]
    at = valid.channels.index("dnase") - 4
    parts = np.array_split(np.arange(len(valid)), max(1, len(valid) // 2000))
    return np.concatenate([valid.signals(part)[:, at].mean(axis=1) for part in parts])


def has(table: pd.DataFrame, setting: Setting, kind: str, seed: int) -> bool:
    """Tell whether a training's row is there."""
    if table.empty:
        return False
    same = (table["vary"] == setting.vary) & (table["value"] == setting.value)
    return bool((same & (table["attention"] == kind) & (table["seed"] == seed)).any())


def row_of(setting: Setting, kind: str, seed: int, run: Run, dataset: Dataset) -> dict[str, object]:
    """Return the row of a training."""
    log = pd.read_csv(run.path / LOG)
    need = threshold(dataset)
    late = log["epoch"][log["valid_auprc"] >= need]
    return {
        "vary": setting.vary,
        "value": setting.value,
        "attention": kind,
        "seed": seed,
        "train_windows": len(dataset["train"]),
        "valid_auprc": float(log["valid_auprc"].max()),
        "started_from": need,
        "epoch_started": int(late.iloc[0]) + 1 if len(late) else None,
        "test_auprc": float(evaluate(run, dataset, split="test").iloc[0]["auprc"]),
        "seconds": float(log["seconds"].sum()),
    }


def wanted(settings: Sequence[Setting], given: argparse.Namespace) -> Iterator[tuple[Setting, str, int]]:
    """Yield settings, kinds of attention and seeds in the order in which they are trained."""
    for seed in range(given.seeds):
        for setting in settings:
            for kind in given.kinds:
                if kind not in MENDED or setting.mended:
                    yield setting, kind, seed


def gains(table: pd.DataFrame) -> list[str]:
    """Return the lines of a table: gain over no attention on test, and how many trainings started."""
    lines = [
        "| varied | value | attention | started | in epoch | test auPRC | less no attention |",
        "|---|---|---|---|---|---|---|",
    ]
    for (vary, value), part in table.groupby(["vary", "value"], sort=False):
        wide = part.pivot_table(index="seed", columns="attention", values="test_auprc", sort=False)
        for kind in part["attention"].unique():
            own = part[part["attention"] == kind]
            late = own["epoch_started"].dropna().astype(int)
            started = f"{len(late)} of {len(own)} | {', '.join(map(str, late)) or '–'}"
            gain = gain_of(wide, kind)
            lines.append(f"| {vary} | {value} | {kind} | {started} | {own['test_auprc'].mean():.3f} | {gain} |")
    return lines


def gain_of(wide: pd.DataFrame, kind: str) -> str:
    """Return a kind's gain over none, with an interval where two seeds or more have both."""
    if kind == NONE or NONE not in wide:
        return ""
    mean, low, high, _ = interval((wide[kind] - wide[NONE]).dropna().to_numpy(dtype=np.float64))
    return f"{mean:+.3f}" + ("" if np.isnan(low) else f" [{low:+.3f}, {high:+.3f}]")


def page(table: pd.DataFrame, settings: Sequence[Setting], given: argparse.Namespace) -> str:
    """Return the page: what was measured, and what was not."""
    asked = pd.Series([f"{setting.vary} {setting.value}" for setting, _, _ in wanted(settings, given)])
    left = asked[[not has(table, *one) for one in wanted(settings, given)]]
    of_each = asked.value_counts(sort=False)
    named = [f"{name} ({count} of {of_each[name]})" for name, count in left.value_counts(sort=False).items()]
    changes = f" --set {' '.join(given.set)}" if given.set else ""
    lines = [
        "# Under which data attention helps DeepGRN",
        "",
        f"`python benchmarks/attention_gain.py --seeds {given.seeds}{changes}`: preset `small` on built-in "
        "simulations, as many steps for each kind of attention (see the script); gain in test auPRC over no "
        "attention, mean and 95 % interval over seeds (none of one seed).",
        "",
        *gains(table),
        "",
        f"{len(table)} trainings were done, {len(left)} were left out"
        + (f": {'; '.join(named)}." if named else "."),
        "",
        ", ".join(f"{part} {version}" for part, version in versions().items()),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = list(dict.fromkeys(setting.vary for setting in SETTINGS))
    parser.add_argument("--vary", nargs="+", default=known, choices=known)
    parser.add_argument("--values", nargs="+", help="only the settings of these values, such as and 2000")
    parser.add_argument("--kinds", nargs="+", default=list(KINDS), choices=list(KINDS))
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", nargs="*", default=[], help="key=value of every training, such as epochs=2")
    parser.add_argument("--report", action="store_true", help="train nothing: write the page of the table")
    parser.add_argument("--out", type=Path, default=Path("attention_gain"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    settings = [
        setting
        for setting in SETTINGS
        if setting.vary in given.vary and (given.values is None or setting.value in given.values)
    ]
    kept = given.out / "attention_gain.tsv"
    table = pd.read_csv(kept, sep="\t", dtype={"value": str}) if kept.is_file() else pd.DataFrame()
    for setting, kind, seed in () if given.report else wanted(settings, given):
        if has(table, setting, kind, seed):
            continue
        run, dataset = trained(setting, kind, seed, given.out, given.set)
        row = row_of(setting, kind, seed, run, dataset)
        print(row, flush=True)
        table = pd.concat([table, pd.DataFrame([row])], ignore_index=True)
        write_text(kept, table.to_csv(sep="\t", index=False, float_format="%.6g"))
        write_text(given.out / "attention_gain.md", page(table, settings, given))
    if not table.empty:
        write_text(given.out / "attention_gain.md", page(table, settings, given))


if __name__ == "__main__":
    main()
