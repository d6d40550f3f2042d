"""The files of a folder with a `dataset.toml`, opened: genome, peaks or labels, signals, features."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from motiflens.models.data.bins import BinTable, Intervals, union
from motiflens.models.data.cpg_islands import CpgIslands
from motiflens.models.data.expression import read_components
from motiflens.models.data.folder_spec import Experiment, FolderSpec
from motiflens.models.data.genome import Genome, open_genome
from motiflens.models.data.genome_windows import Features, Places, Signal
from motiflens.models.data.intervals import overlaps
from motiflens.models.data.options import Options
from motiflens.models.data.peaks import Peaks, read_peaks
from motiflens.models.data.tracks import Track
from motiflens.models.suggestion import suggestion
from motiflens.models.types import Floats

_DEPTHS = 1.5  # ratio of mean depths that is worth a note


@dataclass(frozen=True)
class Opened:
    """A folder's files, opened, of the experiments that are wanted."""

    spec: FolderSpec
    options: Options
    genome: Genome
    blacklist: Peaks | None
    experiments: tuple[Experiment, ...]
    peaks: Mapping[str, Peaks | BinTable]  # of each experiment, by its name
    cell_types: tuple[str, ...]  # empty where rows are windows rather than windows in a cell type
    failing: Mapping[str, Peaks] = field(default_factory=dict)  # peaks that fail an experiment's IDR

    def bound(self, number: int) -> Intervals:
        """Return what any experiment has bound, or perhaps bound, on a chromosome."""
        every = [*(self.peaks[experiment.name] for experiment in self.experiments), *self.failing.values()]
        return union([p.on(number) if isinstance(p, Peaks) else p.bound(number) for p in every])


def _chosen_features(spec: FolderSpec, names: tuple[str, ...] | None) -> FolderSpec:
    """Leave out the annotations that are not asked for, and expression where none of its components is."""
    if names is None:
        return spec
    annotations = {name: path for name, path in spec.annotations.items() if name in names}
    components = sum(name.startswith("expression") for name in names)
    if not components:
        return replace(spec, annotations=annotations, expression=None, given=None)
    return replace(spec, annotations=annotations, components=min(spec.components, components))


def open_files(spec: FolderSpec, options: Options) -> Opened:
    """Open the genome, the blacklist, and the peaks or labels of the experiments that the options choose."""
    spec = _chosen_features(spec, options.features)
    experiments = spec.experiments
    if options.tf is not None:
        experiments = tuple(e for e in experiments if e.tf == options.tf)
        if not experiments:
            near = suggestion(options.tf, spec.tfs)
            raise ValueError(
                f"{spec.path} has no experiment of tf {options.tf!r}: {near}it has {', '.join(spec.tfs)}"
            )
    if spec.length < spec.bin and spec.labelling != "centered":
        raise ValueError(f"length is {spec.length} bp: expected at least the bin's {spec.bin}")
    genome = open_genome(spec.fasta)
    peaks: dict[str, Peaks | BinTable] = {}
    failing: dict[str, Peaks] = {}
    for experiment in experiments:
        if experiment.peaks is not None:
            called = read_peaks(experiment.peaks, genome)
            if experiment.idr is not None:
                called, failing[experiment.name] = called.by_idr(experiment.idr)
            peaks[experiment.name] = called
        elif experiment.labels is not None:
            peaks[experiment.name] = BinTable(experiment.labels, experiment.cell_type, genome, spec.bin)
    return Opened(
        spec,
        options,
        genome,
        read_peaks(spec.blacklist, genome) if spec.blacklist is not None else None,
        experiments,
        peaks,
        tuple(e.cell_type for e in experiments) if options.tf is not None else (),
        failing,
    )


def features_of(opened: Opened) -> Features:
    """Open the signals that are channels, all tracks, and the features of cell types."""
    spec, cells = opened.spec, opened.cell_types
    known: dict[str, Signal] = {name: Track(path, opened.genome) for name, path in spec.signals.items()}
    known |= {name: CpgIslands(opened.genome) for name in spec.computed}
    tracks: dict[str, Signal] = dict(known)
    dnase = {
        cell: Track(path, opened.genome, to_1x=cell in spec.normalised)
        for cell, path in spec.accessibility.items()
        if path is not None and (not cells or cell in cells)
    }
    folds = {e: Track(e.fold_change, opened.genome) for e in opened.experiments if e.fold_change is not None}
    if cells:
        if dnase:
            _complete(opened, dnase)
            known = _with_dnase(known, dnase)
            tracks["dnase"] = dnase
        if folds:
            tracks["fold_change"] = {e.cell_type: track for e, track in folds.items()}
    else:
        tracks.update({f"dnase:{cell}": track for cell, track in dnase.items()})
        tracks.update({f"fold_change:{e.name}": track for e, track in folds.items()})
    chosen = opened.options.signals
    names = tuple(chosen) if chosen is not None else (tuple(known) if cells else ())
    for name in names:
        if name not in known:
            hint = "; dnase needs tf" if name == "dnase" and not cells else ""
            raise ValueError(f"{spec.path} has no signal {name!r}: it has {', '.join(known) or 'none'}{hint}")
    components = read_components(spec, cells)
    meta_names = (*(f"expression{i + 1}" for i in range(components.shape[1])), *spec.annotations)
    if not cells or chosen == ():  # the sequence alone: no features of the cell type or the place either
        components, meta_names = components[:, :0], ()
    return Features(cells, {name: known[name] for name in names}, tracks, components, None, meta_names)


def _with_dnase(signals: dict[str, Signal], dnase: Mapping[str, Track]) -> dict[str, Signal]:
    """Put ``dnase`` after ``uniqueness``, as the published models have it, and before further signals."""
    first: dict[str, Signal] = {name: signals[name] for name in ("uniqueness",) if name in signals}
    return {**first, "dnase": dnase, **{name: s for name, s in signals.items() if name not in first}}


def _complete(opened: Opened, dnase: Mapping[str, Track]) -> None:
    for cell in opened.cell_types:
        if cell not in dnase:
            raise ValueError(
                f"{opened.spec.path}: the cell type {cell!r} has no accessibility, but {next(iter(dnase))!r} has: "
                "give both, or neither"
            )


def annotation_bits(opened: Opened, places: Places) -> Floats:
    """Return whether each window's central bin shares a base with each annotation, (w, annotations)."""
    spec = opened.spec
    first = places.start.astype(np.int64) + (spec.length - min(spec.bin, spec.length)) // 2
    bits = np.zeros((len(places), len(spec.annotations)), dtype=np.float32)
    for column, path in enumerate(spec.annotations.values()):
        intervals = read_peaks(path, opened.genome)
        for number in np.unique(places.chrom).tolist():
            here = places.chrom == number
            bits[here, column] = overlaps(
                first[here], first[here] + min(spec.bin, spec.length), intervals.on(number)
            )
    return bits


def depth_notes(features: Features) -> list[str]:
    """Tell of cell types whose accessibility differs in depth: a model would learn the depth of its cell types."""
    dnase = features.signals.get("dnase")
    if not isinstance(dnase, Mapping) or len(dnase) < 2:
        return []
    depth = {cell: track.depth for cell, track in dnase.items()}
    low, high = min(depth.values()), max(depth.values())
    if high <= _DEPTHS * low:
        return []
    shown = ", ".join(f"{cell} {value:.3g}" for cell, value in depth.items())
    return [
        f'accessibility differs in mean depth ({shown}): normalise = "1x" in [[cell_types]] makes it comparable'
    ]
