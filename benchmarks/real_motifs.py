"""Do models trained on measured ChIP-seq name the right factor? Top matches by each route, beside controls.

    python benchmarks/real_motifs.py [--sets REST_GM12878,...] [--models tbinet,...] [--data ../shared/data]

Each model is trained once (kept in the cache) and each result is kept beside the table, so that a run that was
interrupted goes on where it stopped. Writes benchmarks/results/real_motifs.json and real_motifs.md.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from time import perf_counter

from motiflens.analyses.motifs.cached_run import cached_run
from motiflens.analyses.motifs.factors import naming_rows
from motiflens.analyses.motifs.families import equivalents
from motiflens.analyses.motifs.find_motifs import find_motifs
from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_options import ROUTES, MotifOptions
from motiflens.models.files import write_text

ROOT = Path(__file__).resolve().parent
SETS = {  # name -> (file below the data folder, factor, matrix to expect)
    "REST_GM12878": ("encode/REST_GM12878.AC.seq.gz", "REST", "MA0138"),
    "GABPA_GM12878": ("encode/GABPA_GM12878.AC.seq.gz", "GABPA", "MA0062"),
    "YY1_H1-hESC": ("encode/YY1_H1-hESC.AC.seq.gz", "YY1", "MA0095"),
    "FOXA1_HepG2": ("encode/FOXA1_HepG2.AC.seq.gz", "FOXA1", "MA0148"),
    "CTCF": ("ctcf/ctcf_hg19_100bp.fa.gz", "CTCF", "MA0139"),
}
MODELS = ("tbinet", "saresnet", "deepgrn", "danq", "deepbind")
CONTROLS = {"model": "model", "pwm": "best JASPAR matrix", "kmer_logistic": "6-mers"}


def arguments() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=ROOT.parent.parent / "shared" / "data")
    parser.add_argument("--sets", default=",".join(SETS))
    parser.add_argument("--models", default=",".join(MODELS))
    parser.add_argument("--set", action="append", default=[], help="key=value of the training recipe")
    parser.add_argument("--results", type=Path, default=ROOT / "results")
    return parser.parse_args()


def one(
    source: Path, factor: str, model: str, targets: list[Motif], settings: tuple[str, ...]
) -> dict[str, object]:
    """Train (or fetch) a model, find its motifs, and say what they are."""
    run, dataset = cached_run(model, str(source), preset="short", settings=settings)
    started = perf_counter()
    routes = [route for route in ROUTES if route != "attention" or run.model.attention_stems()]
    options = MotifOptions(routes=routes, untrained=1)
    findings = find_motifs(run, dataset, targets=targets, tf=factor, options=options)
    summary = findings.summary
    wanted = equivalents(factor, targets)
    row: dict[str, object] = {"seconds": round(perf_counter() - started, 1)}
    for route in routes:
        named = naming_rows(findings.table, options.alpha, route)
        top = named.iloc[0] if len(named) else None
        names = zip(named["target_family"], named["target_alt"], strict=True)
        hits = [wanted.covers(str(family), str(alt)) for family, alt in names]
        row[route] = {
            "top": "" if top is None else f"{top['target_alt']} ({top['target_id']})",
            "q": None if top is None else float(top["target_q"]),
            "right": bool(hits and hits[0]),
            "right_of_matched": [sum(hits), len(hits)],
        }
    floor = summary["controls"] or {}
    row["test_auroc"] = {name: floor.get(name) for name in CONTROLS}
    row["untrained_matches"] = summary["nulls"]["untrained"]["null_counts"]
    row["shuffled_mean"] = summary["nulls"]["column_shuffled"]["null_mean"]
    metrics = json.loads((run.path / "metrics.json").read_text(encoding="utf-8"))
    row["train_seconds"] = round(metrics["seconds"], 1)
    row["valid_auroc"] = round(sum(task["auroc"] for task in metrics["valid"]) / len(metrics["valid"]), 4)
    return row


def markdown(results: dict[str, dict[str, object]]) -> str:
    """Make the table."""
    lines = [
        "# Motifs of models trained on measured ChIP-seq",
        "",
        "Trained on the positives of each set and dinucleotide-shuffled negatives with the recipe for short",
        "windows, one seed. AUC on the test windows, beside the best single JASPAR matrix and a logistic",
        "regression on 6-mers, both chosen and trained on the training windows. Then each route's top match at",
        "q < 0.05, over all motifs that it gives. 'right' is the factor's family, or for zinc fingers the factor",
        "itself and paralogues with its motif; in brackets right / all motifs that match. Of equal q, the motif",
        "most enriched in attended windows is the top one. 'untrained': matches of the same architecture's",
        "kernels before training.",
        "",
        "| set | model | AUC | "
        + " | ".join((CONTROLS["pwm"], CONTROLS["kmer_logistic"], *ROUTES))
        + " | untrained | training (s) |",
        "|---" * (7 + len(ROUTES)) + "|",
    ]
    for key in sorted(results):
        row = results[key]
        name, model = key.split("/")
        if "error" in row:
            lines.append(f"| {name} | {model} | {row['error']} |" + " |" * (4 + len(ROUTES)))
            continue
        areas = row["test_auroc"]
        assert isinstance(areas, dict)
        cells = [*(_area(areas[control]) for control in CONTROLS), *(_cell(row.get(route)) for route in ROUTES)]
        lines.append(
            f"| {name} | {model} | {' | '.join(cells)} | {row['untrained_matches']} | {row['train_seconds']} |"
        )
    done = [row for row in results.values() if "error" not in row]
    counts = ", ".join(f"{route} {sum(_right(row.get(route)) for row in done)}" for route in ROUTES)
    right = sum(any(_right(row.get(route)) for route in ROUTES) for row in done)
    return "\n".join([*lines, "", f"Right by any route: {right} of {len(done)} ({counts}).", ""])


def _area(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else "–"


def _right(named: object) -> bool:
    return isinstance(named, dict) and bool(named["right"])


def _cell(named: object) -> str:
    if not isinstance(named, dict):
        return "–"  # no such route
    if not named["top"]:
        return "none"
    right, every = named["right_of_matched"]
    return f"{named['top']} {'right' if named['right'] else 'wrong'} ({right} / {every})"


def main() -> None:
    """Fill in what is missing and write the table after each result."""
    wanted = arguments()
    kept = wanted.results / "real_motifs.json"
    results: dict[str, dict[str, object]] = json.loads(kept.read_text()) if kept.exists() else {}
    targets = jaspar()
    for name in wanted.sets.split(","):
        file, factor, _ = SETS[name]
        for model in wanted.models.split(","):
            key = f"{name}/{model}"
            if key in results and "error" not in results[key]:
                continue
            try:
                results[key] = one(wanted.data / file, factor, model, targets, tuple(wanted.set))
            except ValueError as error:
                results[key] = {"error": str(error)}
            print(key, json.dumps(results[key]), flush=True)
            write_text(kept, json.dumps(results, indent=1, sort_keys=True) + "\n")
            write_text(wanted.results / "real_motifs.md", markdown(results))


if __name__ == "__main__":
    main()
