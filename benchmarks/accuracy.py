"""How accurate is each architecture on measured ChIP-seq sets, and what do attention and DNase add?

Run from the repository's root: ``python benchmarks/accuracy.py``. It goes on where it was stopped, prints each
result as it comes, and writes ``benchmarks/results/accuracy.tsv|md`` (ENCODE sets) and
``benchmarks/results/simulated.tsv|md`` (DeepGRN on the built-in simulated data; tested on its test split and on a
second simulated genome, which holds seven times as many windows).

Models are trained on ``NAME.AC.seq.gz`` (bound windows; unbound ones are dinucleotide shuffles; a validation
split is set apart from it) with the ``short`` recipes and tested on ``NAME.B.seq.gz``, which plays no part in
training or in choosing recipes. Trained runs are kept in the cache, where `real_motifs.py` finds them again.
"""

from __future__ import annotations

import argparse
import json
import platform
from pathlib import Path

import numpy as np
import pandas as pd
import scipy.stats
import torch

from motiflens.analyses.motifs.cached_run import cached_run
from motiflens.models import architectures
from motiflens.models.data.options import Options
from motiflens.models.data.simulate.builtin import builtin
from motiflens.models.data.windows import Dataset
from motiflens.models.evaluate import evaluate, score
from motiflens.models.files import write_text, write_whole
from motiflens.models.metrics import auprc, curve
from motiflens.models.open_for_run import open_as_trained
from motiflens.models.run import Run

RESULTS = Path(__file__).resolve().parent / "results"
TEN = (
    "deepgrn",
    "tbinet",
    "saresnet",
    "kegru",
    "danq",
    "deepsea",
    "deepbind",
    "cnn_zeng",
    "factornet",
    "expectation_luo",
)
CLASSIC = ("pwm", "kmer_logistic", "gkm_svm")
BESIDE = (*CLASSIC, "deepbind", "tbinet", "deepgrn", "deepsea")
BASELINES, ACCURACY, OLDER = "baselines.tsv", "accuracy.tsv", "accuracy_older.tsv"
_HOW = (
    "Trained on `*.AC.seq.gz` against dinucleotide shuffles with the `short` recipes, tested on `*.B.seq.gz`",
    "(500 bound, 500 shuffled). Mean over seeds ± standard deviation (number of seeds), and the mean training",
    "time in seconds: of a shared machine, whose load differed ten times from row to row.",
)
TABLES = (
    (
        ACCURACY,
        "All architectures, today's recipes",
        (
            "Made by `python benchmarks/accuracy.py --seeds 1`: on the split of the classic baselines above.",
            "A dash has not been measured. KEGRU's recipe scales its word vectors since the table of older",
            "recipes below (chosen on CTCF, which is not in it): .8695 on FOXA1 there, .8955 with today's other",
            "settings and without the scaling.",
            "DeepGRN, SAResNet (YY1, FOXA1), FactorNet and DeepSEA (FOXA1) were trained after their layers",
            "came to run with channels last, which draws other numbers, the other cells before.",
            *_HOW,
        ),
    ),
    (
        OLDER,
        "All architectures, three seeds, older recipes",
        (
            "Measured before related windows were left out: training sets were larger by them, so that these",
            "numbers are not on the split of those above. Of the older `short` recipes, too (10 epochs, batches",
            "of 100, no `attended_gain`). Not measured again.",
            *_HOW,
        ),
    ),
)
SINGLE, PAIRWISE, NONE = "single attention", "pairwise attention", "no attention"
SIMULATED = {
    PAIRWISE: [],
    NONE: ["attention=none"],
    SINGLE: ["attention=single", "vector=false", "rate=1.5e-3"],  # at 1e-3 it does not start within 18 epochs
    "pairwise attention, sequence only": ["signals="],
}
ENSEMBLE, TWO = "ensemble: single and pairwise", "two models without attention"


def main() -> None:
    """Read the options and run what is missing."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/encode"))
    parser.add_argument("--seeds", type=int, default=3, help="how many, from 0")
    parser.add_argument("--sets", default="REST,FOXA1,GABPA,YY1", help="which, by the beginning of their names")
    parser.add_argument("--models", default=",".join(TEN))
    parser.add_argument(
        "--baselines", action="store_true", help="only the classic baselines, and two networks on the same split"
    )
    parser.add_argument("--tfs", default="CTCF,FOXA1,SPI1", help="of the simulated data; empty to leave it out")
    parser.add_argument("--set", action="append", default=[], help="key=value for all recipes (for tuning)")
    parser.add_argument("--results", type=Path, default=RESULTS)
    options = parser.parse_args()
    unknown = set(options.models.split(",")) - set(architectures())
    if unknown:
        parser.error(f"unknown architectures: {', '.join(sorted(unknown))}")
    if options.baselines:
        given = options.models if options.models != ",".join(TEN) else ",".join(BESIDE)
        changed = argparse.Namespace(**{**vars(options), "models": given, "seeds": 1})
        encode(changed, BASELINES)
        return
    if options.sets:
        encode(options)
    if options.tfs:
        simulated(options)


def encode(options: argparse.Namespace, name_of_table: str = ACCURACY) -> None:
    """Train and test each architecture on each ENCODE set."""
    table = Table(options.results / name_of_table, ["set", "model", "seed"])
    for seed in range(options.seeds):
        for name in options.sets.split(","):
            path = next(iter(sorted(options.data.glob(f"{name}*.AC.seq.gz"))), None)
            if path is None:
                print(f"{options.data} has no set {name}: left out")
                continue
            for model in options.models.split(","):
                key = {"set": path.name.split(".")[0], "model": model, "seed": seed}
                if table.has(key):
                    continue
                run, dataset = cached_run(
                    model,
                    str(path),
                    data=Options(seed=seed),
                    preset="short",
                    settings=tuple(options.set),
                    seed=seed,
                )
                table.add({**key, **result(run, dataset)})
                write_accuracy(options.results)


def simulated(options: argparse.Namespace) -> None:
    """Train DeepGRN with and without attention and DNase on the built-in simulated data."""
    table = Table(options.results / "simulated.tsv", ["tf", "model", "seed"])
    fresh = str(builtin(seed=1))
    for tf in options.tfs.split(","):
        found: dict[tuple[str, int], Scores] = {}
        for seed in range(options.seeds):
            for name, settings in SIMULATED.items():
                run, dataset = cached_run(
                    "deepgrn", data=Options(tf=tf, seed=seed), settings=(*settings, *options.set), seed=seed
                )
                key = {"tf": tf, "model": name, "seed": seed}
                new = not table.has(key)
                more = result(run, dataset) if new else {}
                found[name, seed] = Scores(run, dataset, fresh)
                if new:
                    table.add({**key, **more, "fresh_auprc": found[name, seed].auprc("fresh")})
        for seed in range(options.seeds):
            both = {
                ENSEMBLE: (found[SINGLE, seed], found[PAIRWISE, seed]),
                TWO: (found[NONE, seed], found[NONE, (seed + 1) % options.seeds]),
            }
            for name, (one, other) in both.items():
                if not table.has(key := {"tf": tf, "model": name, "seed": seed}):
                    auprc = {"auprc": one.auprc("test", other), "fresh_auprc": one.auprc("fresh", other)}
                    table.add({**key, **auprc})
        write_simulated(table.frame, options.results / "simulated.md")


class Scores:
    """A run's probabilities on the test split and on a second genome's training split; kept beside the run."""

    def __init__(self, run: Run, dataset: Dataset, fresh: str) -> None:
        other = open_as_trained(run, fresh)
        self.windows = {"test": dataset["test"], "fresh": other["train"]}
        self.probabilities = {}
        for name, windows in self.windows.items():
            path = run.path / f"scores-{name}.npy"
            if not path.is_file():
                with write_whole(path) as part, part.open("wb") as file:
                    np.save(file, np.concatenate(list(score(run.model, windows, batch_size=512)))[:, 0])
            self.probabilities[name] = 1 / (1 + np.exp(-np.load(path).astype(np.float64)))

    def auprc(self, name: str, other: Scores | None = None) -> float:
        """Area under the precision-recall curve, alone or of the mean probability of two."""
        mean = self.probabilities[name]
        if other is not None:
            mean = (mean + other.probabilities[name]) / 2
        return round(auprc(curve(self.windows[name].labels[:, 0], mean)), 4)


def result(run: Run, dataset: Dataset) -> dict[str, object]:
    """Test one model."""
    record = json.loads((run.path / "metrics.json").read_text(encoding="utf-8"))
    found = evaluate(run, dataset).iloc[0]
    return {
        "auroc": round(float(found["auroc"]), 4),
        "auprc": round(float(found["auprc"]), 4),
        "valid_auroc": round(record["valid"][0]["auroc"], 4),
        "valid_auprc": round(record["valid"][0]["auprc"], 4),
        "epochs": record["epochs"],
        "seconds": round(record["seconds"]),
        "sequences_per_second": round(record["sequences"] / record["seconds"]),
        "parameters": sum(weight.numel() for weight in run.model.parameters()),
        "threads": torch.get_num_threads(),
        "device": platform.processor() or platform.machine(),
    }


class Table:
    """Rows in a file, which later runs add to."""

    def __init__(self, path: Path, keys: list[str]) -> None:
        self.path, self.keys = path, keys
        self.frame = pd.read_csv(path, sep="\t") if path.is_file() else pd.DataFrame(columns=keys)

    def has(self, key: dict[str, object]) -> bool:
        """Tell whether there is a row of this key."""
        if self.frame.empty:
            return False
        wanted = [str(key[name]) for name in self.keys]
        return wanted in self.frame[self.keys].astype(str).to_numpy().tolist()

    def add(self, row: dict[str, object]) -> None:
        """Print a row and write all of them."""
        print(" ".join(f"{key}={value}" for key, value in row.items()), flush=True)
        self.frame = pd.concat([self.frame, pd.DataFrame([row])], ignore_index=True)
        write_text(self.path, self.frame.to_csv(sep="\t", index=False))


def write_accuracy(folder: Path) -> None:
    """Write mean test AUC and seconds by model and set: of all seeds, and of the classic baselines' split."""
    lines = ["# Test AUC on ENCODE ChIP-seq sets", ""]
    floor = pd.DataFrame()
    if (folder / BASELINES).is_file():
        frame = pd.read_csv(folder / BASELINES, sep="\t")
        best = frame[~frame["model"].isin(CLASSIC)].groupby("set")["auroc"].max()
        floor = frame[frame["model"].isin(CLASSIC)].pivot_table(index="set", columns="model", values="auroc")
        lines += [
            "## Beside the classic baselines",
            "",
            "Made by `python benchmarks/accuracy.py --baselines`: one seed, on the data as they are opened",
            "today, where training windows that are equal or homologous to test windows are left out, and",
            "validation is divided by groups of related windows. Of each cell: AUC (seeds), and the",
            "training time in seconds. `gkm_svm` learns from at most 5,000 bound and as many unbound windows;",
            "its times are of a machine shared with some ten programs (REST: five).",
            "",
            *_accuracy_table(frame),
            "",
            *(_beaten(name, best, floor) for name in CLASSIC if name in floor),
            "",
        ]
    for name, title, words in TABLES:
        if (folder / name).is_file():
            frame = pd.read_csv(folder / name, sep="\t")
            threads = ", ".join(sorted({str(int(n)) for n in frame["threads"]}))
            lines += [f"## {title}", "", *words, f"Each on {threads} thread(s).", ""]
            lines += [*_accuracy_table(frame), ""]
            if name == ACCURACY:
                lines += [*_unmeasured(frame), *_below(frame, floor), ""]
    write_text(folder / "accuracy.md", "\n".join(lines).rstrip() + "\n")


def _below(frame: pd.DataFrame, floor: pd.DataFrame) -> list[str]:
    """Tell which cells, means over seeds, are not above each classic baseline's."""
    cells = frame.groupby(["model", "set"])["auroc"].mean()
    lines = []
    for name in (name for name in CLASSIC if name in floor):
        gains = cells - floor[name].reindex(cells.index.get_level_values("set")).to_numpy()
        below = ", ".join(f"{model} on {where} {gain:+.4f}" for (model, where), gain in gains[gains <= 0].items())
        above = (gains > 0).sum()
        lines.append(f"- Above `{name}`: {above} of {len(gains)} cells{'; not above: ' + below if below else ''}.")
    return lines


def _unmeasured(frame: pd.DataFrame) -> list[str]:
    """Say which architectures have no row on a set that is in the table."""
    sets = list(dict.fromkeys(frame["set"]))
    missing = {name: sorted(set(TEN) - set(frame.loc[frame["set"] == name, "model"])) for name in sets}
    return [f"- Not measured on {name}: {', '.join(models)}." for name, models in missing.items() if models]


def _accuracy_table(frame: pd.DataFrame) -> list[str]:
    sets = list(dict.fromkeys(frame["set"]))
    lines = ["| model | " + " | ".join(sets) + " |", "|---|" + "---|" * len(sets)]
    for model in dict.fromkeys(frame["model"]):
        cells = [_cell(frame[(frame["model"] == model) & (frame["set"] == name)]) for name in sets]
        lines.append(f"| {model} | " + " | ".join(cells) + " |")
    best = [f"{frame[frame['set'] == name].groupby('model')['auroc'].mean().max():.4f}" for name in sets]
    return [*lines, "| **best** | " + " | ".join(best) + " |"]


def _beaten(name: str, best: pd.Series, floor: pd.DataFrame) -> str:
    gain = (best - floor[name]).dropna()
    if gain.empty:
        return ""
    gains = ", ".join(f"{each} {value:+.4f}" for each, value in gain.items())
    return f"- The network that is better on the test set (which favours networks) less `{name}`: {gains}."


def _cell(part: pd.DataFrame, metric: str = "auroc") -> str:
    if part.empty:
        return "–"
    spread = f" ± {part[metric].std():.4f}" if len(part) > 1 else ""
    return f"{part[metric].mean():.4f}{spread} ({len(part)}), {part['seconds'].mean():.0f} s"


def write_simulated(frame: pd.DataFrame, path: Path) -> None:
    """Write mean auPRC by variant and TF, and how the variants differ from no attention."""
    tfs = list(dict.fromkeys(frame["tf"]))
    seconds = frame.groupby("model")["seconds"].mean().round()
    lines = [
        "# DeepGRN on the built-in simulated data: auPRC with and without attention and DNase",
        "",
        "Made by `python benchmarks/accuracy.py`: preset `small`, one TF across its two cell types, DNase unless",
        "said otherwise; recipe and kind of attention were chosen on validation. Mean over seeds ± standard",
        "deviation (number of seeds). `Test` is the data's own test split, `second genome` all training windows",
        "of another simulation (seed 1). The ensemble, DeepGRN's own, averages two models' probabilities; so does",
        "its control, two models without attention.",
    ]
    for column, title in (("auprc", "Test"), ("fresh_auprc", "Second genome")):
        lines += [
            "",
            f"## {title}",
            "",
            "| variant | " + " | ".join(tfs) + " | less no attention: mean [95 %], higher in | s |",
            "|---" * (len(tfs) + 3) + "|",
        ]
        for model in dict.fromkeys(frame["model"]):
            cells = [_spread(frame[(frame["model"] == model) & (frame["tf"] == tf)][column]) for tf in tfs]
            more = "" if model == NONE else _difference(frame, model, column)
            took = seconds.get(model)
            lines.append(
                f"| {model} | " + " | ".join(cells) + f" | {more} | {'' if pd.isna(took) else f'{took:.0f}'} |"
            )
    write_text(path, "\n".join(lines) + "\n")


def _spread(values: pd.Series) -> str:
    if values.empty:
        return "–"
    spread = f" ± {values.std():.3f}" if len(values) > 1 else ""
    return f"{values.mean():.3f}{spread} ({len(values)})"


def _difference(frame: pd.DataFrame, model: str, column: str) -> str:
    """Mean difference to no attention over pairs of TF and seed, with Student's interval."""
    table = frame.pivot_table(index=["tf", "seed"], columns="model", values=column)
    if model not in table or NONE not in table:
        return ""
    gain = (table[model] - table[NONE]).dropna()
    if len(gain) < 2:
        return ""
    half = scipy.stats.t.ppf(0.975, len(gain) - 1) * gain.std() / np.sqrt(len(gain))
    low, mean, high = (f"{gain.mean() + part:+.3f}" for part in (-half, 0, half))
    return f"{mean} [{low}, {high}], {(gain > 0).sum()} of {len(gain)}"


if __name__ == "__main__":
    main()
