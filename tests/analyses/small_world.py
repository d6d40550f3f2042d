"""A small genome with one factor in two cell types, its measured tracks, and models of it: no training needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyBigWig
import torch

from motiflens.models import build, save_run
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.data import open_dataset

SITE = "TGACGTCAGG"  # always bound where chromatin is open
SIZES = {"chr1": 30_000, "chr2": 20_000, "chr3": 50_000}
LENGTH, BIN, STRIDE = 240, 120, 40
SPACING = 700  # bp between sites

TOML = """
name = "small world"
[genome]
fasta = "genome.fa"
[windows]
length = 240
bin = 120
stride = 40
labelling = "deepsea"
[splits]
valid = ["chr2"]
test = ["chr3"]
[signals]
uniqueness = "uniqueness.bw"
[annotations]
promoter = "promoter.bed"
island = "island.bed"
[expression]
table = "expression.tsv"
components = 2
"""
CELL = """[[cell_types]]
name = "{cell}"
accessibility = "dnase.{cell}.bw"
"""
EXPERIMENT = """[[experiments]]
tf = "X"
cell_type = "{cell}"
peaks = "peaks.{cell}.narrowPeak"
fold_change = "fold.{cell}.bw"
"""


def make_folder(folder: Path) -> Path:
    """Write the data set: every site in open chromatin of cell type `one`, two thirds of them in `two`."""
    rng = np.random.default_rng(5)
    folder.mkdir(parents=True, exist_ok=True)
    fasta, bins = [], []
    tracks: dict[str, dict[str, np.ndarray]] = {
        name: {} for name in ("uniqueness", "dnase.one", "dnase.two", "fold.one", "fold.two")
    }
    peaks: dict[str, list[str]] = {"one": [], "two": []}
    for chrom, size in SIZES.items():
        bases = rng.choice(list("ACGT"), size)
        for values in tracks.values():
            values[chrom] = rng.gamma(2.0, 0.2, size).astype(np.float32)
        tracks["uniqueness"][chrom][:] = 1.0
        for number, at in enumerate(range(400, size - 400, SPACING)):
            middle = at + int(rng.integers(-150, 150))
            bases[middle - 5 : middle + 5] = list(SITE)
            bump = np.exp(-(((np.arange(-150, 150)) / 30.0) ** 2))
            for cell in ("one", "two"):
                if cell == "two" and number % 3 == 0:
                    continue
                place = slice(middle - 150, middle + 150)
                tracks[f"fold.{cell}"][chrom][place] += (rng.gamma(4.0, 2.0) * bump).astype(np.float32)
                shift = int(rng.integers(-40, 40))
                opened = slice(middle - 150 + shift, middle + 150 + shift)
                tracks[f"dnase.{cell}"][chrom][opened] += (3 * np.sqrt(bump)).astype(np.float32)
                start, end = middle - 70, middle + 70
                peaks[cell].append(f"{chrom}\t{start}\t{end}\t.\t0\t.\t10\t5\t5\t70")
            bins.append(f"{chrom}\t{at}\t{at + 200}")
        fasta.append(f">{chrom}\n{''.join(bases)}\n")
    (folder / "genome.fa").write_text("".join(fasta))
    for name, chroms in tracks.items():
        with pyBigWig.open(str(folder / f"{name}.bw"), "w") as file:
            file.addHeader(list(SIZES.items()))
            for chrom, values in chroms.items():
                file.addEntries(chrom, 0, values=values.tolist(), span=1, step=1)
    for cell, lines in peaks.items():
        (folder / f"peaks.{cell}.narrowPeak").write_text("\n".join(lines) + "\n")
    (folder / "promoter.bed").write_text("\n".join(bins[::2]) + "\n")
    (folder / "island.bed").write_text("\n".join(bins[::3]) + "\n")
    (folder / "expression.tsv").write_text("gene\tone\ttwo\ng1\t1\t9\ng2\t5\t2\ng3\t3\t3\n")
    cells = "".join(CELL.format(cell=cell) + EXPERIMENT.format(cell=cell) for cell in ("one", "two"))
    (folder / "dataset.toml").write_text(TOML + cells)
    return folder


def seeing_run(data: Path, folder: Path) -> Path:
    """Save a TBiNet whose attention follows the site, of the sequence alone, with both cell types as tasks."""
    dataset = open_dataset(data)
    torch.manual_seed(0)
    sizes = {"kernels": 4, "kernel_size": 10, "pool": 10, "units": 6, "dense": 12}
    model = build("tbinet", length=LENGTH, outputs=2, **sizes)
    state = dict(model.named_parameters())
    with torch.no_grad():
        for kernel, site in enumerate((SITE, SITE[::-1].translate(str.maketrans("ACGT", "TGCA")))):
            weight = torch.full((4, 10), -1.0)
            for column, base in enumerate(site):
                weight["ACGT".index(base), column] = 1.0
            state["convolution.weight"][kernel] = weight
            state["convolution.bias"][kernel] = -6.0
        state["score.weight"].zero_()
        state["score.weight"][0, :2] = 1.5
    model.eval()
    fit_output(model, dataset["train"])
    return _saved(model, data, folder, {"tf": None}, dataset.example.tasks, dataset.example)


def signal_run(data: Path, folder: Path, *, attention: str = "single", seed: int = 0) -> Path:
    """Save a DeepGRN that reads signals, expression and annotation; its last layers are fitted."""
    dataset = open_dataset(data, tf="X")
    torch.manual_seed(seed)
    example = dataset.example
    model = build(
        "deepgrn",
        length=LENGTH,
        channels=len(example.channels),
        meta=len(example.meta_names),
        attention=attention,
        vector=False,
        kernels=8,
        kernel_size=10,
        pool=10,
        units=6,
        dense=8,
        log_signals=True,
    )
    model.eval()
    fit_output(model, dataset["train"], seed=seed)
    return _saved(model, data, folder, {"tf": "X"}, ("X",), example)


def fit_output(model: SequenceModel, windows: object, seed: int = 0) -> None:
    """Fit the last layer by ridge regression of the labels (±3) on what it reads."""
    rng = np.random.default_rng(seed)
    labels = windows.labels  # type: ignore[attr-defined]
    bound = np.flatnonzero((labels == 1).any(axis=1))
    rows = np.sort(np.concatenate([bound, rng.choice(np.flatnonzero((labels == 0).all(axis=1)), len(bound))]))
    batch = windows.read(rows)  # type: ignore[attr-defined]
    last = [layer for layer in model.modules() if isinstance(layer, torch.nn.Linear)][-1]
    seen: list[torch.Tensor] = []
    hook = last.register_forward_hook(lambda _, inputs, __: seen.append(inputs[0].detach()))
    meta = None if batch.meta is None or not model.meta else torch.from_numpy(batch.meta)
    with torch.no_grad():
        model(torch.from_numpy(batch.x), meta)
        hook.remove()
        features = torch.stack(seen).mean(dim=0)
        design = torch.cat([features, torch.ones(len(features), 1)], dim=1).double()
        goal = torch.from_numpy(np.nan_to_num(batch.y) * 6 - 3).double()
        penalty = 1e-6 * torch.eye(design.shape[1], dtype=torch.float64)
        solved = torch.linalg.solve(design.T @ design + penalty, design.T @ goal)
        last.weight.copy_(solved[:-1].T)
        last.bias.copy_(solved[-1])


def _saved(
    model: SequenceModel,
    data: Path,
    folder: Path,
    options: dict[str, object],
    tasks: tuple[str, ...],
    like: object,
) -> Path:
    config = {
        "tasks": list(tasks),
        "channels": list(like.channels),  # type: ignore[attr-defined]
        "meta": list(like.meta_names) if model.meta else [],  # type: ignore[attr-defined]
        "data": {"source": str(data), "options": {key: value for key, value in options.items() if value}},
        "training": {"average_strands": False},
    }
    return save_run(folder, model, config)
