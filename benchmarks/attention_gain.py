"""Under which data does attention help DeepGRN, if under any, and when does its training not start?

Run: python benchmarks/attention_gain.py [--vary windows length rule dnase] [--seeds 3] [--out DIR]

One thing is varied at a time about a base: all training windows, 300 bp, CTCF (no partner needed), with DNase.
Varied are the number of training windows; their length; the rule, that is the share of windows that need a
partner (CTCF and the grammar ``or``: none; ``and``: all, ``order``: all, on one side); DNase on or off. For
each, DeepGRN's `small` recipe is trained with pairwise, single and no attention. The start of single attention
is mended in two ways besides: with a warm-up (a cosine schedule, which has one), and with the convolution of
the trained model without attention.

Every training is kept in ``DIR/runs``; the same command goes on where it was. ``DIR/attention_gain.tsv`` has
one row a training with its auPRC on validation (by which recipes may be chosen) and on test, and whether it has
started (a validation auPRC of at least three times the share of bound windows); ``DIR/attention_gain.md`` the
gain over no attention, mean and 95 % interval by Student's t over seeds.
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
from motiflens.models.data.windows import Dataset
from motiflens.models.evaluate import evaluate
from motiflens.models.files import write_text
from motiflens.models.open_for_run import open_for_training
from motiflens.models.provenance import versions
from motiflens.models.recipes import Recipe, adjust, recipe
from motiflens.models.run import Run, open_run
from motiflens.models.study.member import finished
from motiflens.models.train import train

NONE = "none"
KINDS = {
    NONE: {"attention": "none"},
    "pairwise": {"attention": "pairwise"},
    "single": {"attention": "single", "vector": "false"},
    "single, warm-up": {"attention": "single", "vector": "false", "schedule": "cosine"},
    "single, pretrained convolution": {"attention": "single", "vector": "false"},
}
PRETRAINED = "single, pretrained convolution"
STARTED = 3.0  # times the share of bound windows


@dataclass(frozen=True)
class Setting:
    """One kind of data."""

    vary: str
    value: str
    tf: str = "CTCF"
    grammar: str | None = None
    length: int = 300
    windows: int | None = None  # training windows; all by default
    dnase: bool = True


SETTINGS = (
    Setting("base", "CTCF, 300 bp, all windows, DNase"),
    *(Setting("windows", f"{count}", windows=count) for count in (2_000, 8_000, 24_000)),
    *(Setting("length", f"{length} bp", length=length) for length in (200, 600, 1000)),
    *(Setting("rule", rule, tf="GATA1", grammar=rule) for rule in ("or", "and", "order")),
    Setting("dnase", "sequence alone", dnase=False),
)


def opened(setting: Setting, how: Recipe, seed: int) -> Dataset:
    """Open a setting's data, cut down to as many training windows as it says."""
    signals = None if setting.dnase else ()
    options = Options(tf=setting.tf, length=setting.length, signals=signals)
    dataset = open_for_training(str(builtin(grammar=setting.grammar)), how, options)
    windows = dataset["train"]
    if setting.windows is None or setting.windows >= len(windows):
        return dataset
    rows = np.sort(np.random.default_rng(seed).choice(len(windows), setting.windows, replace=False))
    splits = {**dataset.splits, "train": windows.subset(rows)}
    return replace(dataset, splits=splits, hash=f"{dataset.hash} {setting.windows} windows {seed}")


def trained(setting: Setting, kind: str, seed: int, out: Path, changes: Sequence[str]) -> tuple[Run, Dataset]:
    """Train a kind of attention on a setting, or go on with it."""
    how = adjust(recipe("deepgrn", preset="small"), "deepgrn", {**KINDS[kind], **_pairs(changes)})
    if not setting.dnase:
        how = replace(how, signals=(), signal_dropout=0.0)
    dataset = opened(setting, how, seed)
    folder = out / "runs" / f"{setting.vary}={setting.value}".replace(" ", "_") / f"{kind},seed={seed}"
    if not finished(folder):
        model = _pretrained(setting, dataset, how, seed, out) if kind == PRETRAINED else "deepgrn"
        how = replace(how, finetune_rate=how.rate, finetune_patience=how.patience)  # as the others train
        train(model, dataset, folder, recipe=how, resume=True, seed=seed)
    return open_run(folder), dataset


def _pretrained(setting: Setting, dataset: Dataset, how: Recipe, seed: int, out: Path) -> Run:
    """Return a fresh model of single attention with the convolutions of the trained model without attention."""
    from motiflens.models.registry import build
    from motiflens.models.run import save_run

    folder = out / "runs" / f"{setting.vary}={setting.value}".replace(" ", "_")
    source = open_run(folder / f"{NONE},seed={seed}").model
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
    same = {
        name: there[name]
        for name in own
        if "convolution" in name and name in there and own[name].shape == there[name].shape
    }
    model.load_state_dict({**own, **same})
    config = {"tasks": list(example.tasks), "channels": list(example.channels), "meta": list(example.meta_names)}
    start = folder / f"start,seed={seed}"
    save_run(start, model, config)
    return open_run(start)


def _pairs(changes: Sequence[str]) -> dict[str, str]:
    return dict(change.split("=", 1) for change in changes)


def rows(settings: Sequence[Setting], given: argparse.Namespace) -> Iterator[dict[str, object]]:
    """Train everything, and yield a row for each training."""
    for setting in settings:
        for seed in range(given.seeds):
            for kind in KINDS:
                run, dataset = trained(setting, kind, seed, given.out, given.set)
                measured = {split: evaluate(run, dataset, split=split).iloc[0] for split in ("valid", "test")}
                valid = measured["valid"]
                share = valid["positives"] / (valid["positives"] + valid["negatives"])
                row: dict[str, object] = {
                    "vary": setting.vary,
                    "value": setting.value,
                    "attention": kind,
                    "seed": seed,
                    "valid_auprc": float(valid["auprc"]),
                    "test_auprc": float(measured["test"]["auprc"]),
                    "started": bool(valid["auprc"] >= STARTED * share),
                }
                print(row, flush=True)
                yield row


def gains(table: pd.DataFrame) -> list[str]:
    """Return the lines of a table: gain over no attention on test, and how many trainings started."""
    lines = [
        "| varied | value | attention | started | test auPRC | less no attention |",
        "|---|---|---|---|---|---|",
    ]
    for (vary, value), part in table.groupby(["vary", "value"], sort=False):
        wide = part.pivot_table(index="seed", columns="attention", values="test_auprc", sort=False)
        for kind in wide:
            own = part[part["attention"] == kind]
            mean, low, high, _ = interval((wide[kind] - wide[NONE]).to_numpy(dtype=np.float64))
            gain = "" if kind == NONE else f"{mean:+.3f} [{low:+.3f}, {high:+.3f}]"
            started = f"{int(own['started'].sum())} of {len(own)}"
            lines.append(f"| {vary} | {value} | {kind} | {started} | {own['test_auprc'].mean():.3f} | {gain} |")
    return lines


def main() -> None:
    """Train, measure, write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    known = list(dict.fromkeys(setting.vary for setting in SETTINGS))
    parser.add_argument("--vary", nargs="+", default=known, choices=known)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--set", nargs="*", default=[], help="key=value of every training, such as epochs=2")
    parser.add_argument("--out", type=Path, default=Path("attention_gain"))
    given = parser.parse_args()
    torch.set_num_threads(1)
    settings = [setting for setting in SETTINGS if setting.vary in given.vary]
    table = pd.DataFrame(rows(settings, given))
    write_text(given.out / "attention_gain.tsv", table.to_csv(sep="\t", index=False, float_format="%.6g"))
    head = [
        "# Under which data attention helps DeepGRN",
        "",
        f"`python benchmarks/attention_gain.py --vary {' '.join(given.vary)} --seeds {given.seeds}`: preset "
        "`small`; gain in test auPRC over no attention, mean and 95 % interval over seeds.",
        "",
        ", ".join(f"{part} {version}" for part, version in versions().items()),
        "",
    ]
    write_text(given.out / "attention_gain.md", "\n".join([*head, *gains(table)]) + "\n")


if __name__ == "__main__":
    main()
