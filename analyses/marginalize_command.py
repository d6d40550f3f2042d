"""What `interpret marginalize` does: motifs, backgrounds, effects, table, figure."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import torch

from motiflens.analyses.marginalize import (
    Model,
    ablate,
    backgrounds_of,
    fitting_spacings,
    marginalize,
    parse_spacings,
    space,
)
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_files import read_motifs
from motiflens.analyses.spacing_figure import figure_format, spacing_figure
from motiflens.models import types
from motiflens.models.check_run_fits import check_run_fits
from motiflens.models.data.one_hot import encode
from motiflens.models.data.windows import ArrayWindows, Dataset, Windows
from motiflens.models.files import write_with_record
from motiflens.models.option_ranges import check_numbers
from motiflens.models.progress import Progress, silent
from motiflens.models.provenance import provenance
from motiflens.models.regions import Regions, open_regions, split_windows
from motiflens.models.run import Run, open_run, task_number


@dataclass(frozen=True)
class MarginalizeOptions:
    """What is put where.

    Attributes
    ----------
    motif, pair
        Motifs for `marginalize` and `ablate`, or the two for `space`; one of the two is given. Each is a file,
        JASPAR by name, or letters.
    spacing
        See `parse_spacings`.
    ablate
        Shuffle sites in windows rather than put any in.
    background, count
        See `backgrounds_of`.
    regions, split
        Windows that backgrounds are made of.
    task, batch_size, seed, device
        Output by name; windows at a time; of everything random; where to compute.
    """

    motif: str | None = None
    pair: tuple[str, str] | None = None
    spacing: str = "-50:50"
    ablate: bool = False
    background: str = "shuffle"
    count: int = 100
    regions: Regions = field(default_factory=Regions)
    split: str = "test"
    task: str | None = None
    batch_size: int = 64
    seed: int = 0
    device: torch.device | str = "cpu"

    def __post_init__(self) -> None:
        if (self.motif is None) == (self.pair is None):
            raise ValueError("give either --motif or --pair")
        if self.pair is not None and self.ablate:
            raise ValueError("--ablate takes --motif, not --pair")
        check_numbers(self)
        parse_spacings(self.spacing)


def marginalize_command(
    run: types.Path,
    out: types.Path,
    options: MarginalizeOptions,
    *,
    figure: types.Path | None = None,
    open_data: Callable[[Run], Dataset] | None = None,
    progress: Progress = silent,
) -> types.Json:
    """Compute effects and write them; return the record that is written beside the table.

    Raises
    ------
    ValueError, FileNotFoundError
        On bad input, in one line.
    """
    if figure is not None and options.pair is None:
        raise ValueError("--figure draws the spacing of a --pair")
    if figure is not None:
        figure_format(figure)
    pair, several = _pair(options)
    motifs = [] if options.motif is None else motifs_of(options.motif)
    opened = open_run(run)
    opened.model.to(options.device)
    model = Model(opened, task_number(opened, options.task), options.batch_size)
    windows, made_by, notes = _windows(opened, options, open_data)
    how = "given" if options.ablate else options.background
    backgrounds = backgrounds_of(windows, how, options.count, seed=options.seed)
    if not opened.model.meta:
        backgrounds = replace(backgrounds, meta=None)
    if pair is not None:
        spacings, length = parse_spacings(options.spacing), backgrounds.codes.shape[1]
        fits = fitting_spacings(pair, spacings, length)
        notes = (*notes, *several, *_unfit_note(spacings, fits, length))
        table = space(model, pair, spacings, backgrounds, progress=progress)
    elif options.ablate:
        table = ablate(model, motifs, backgrounds, seed=options.seed, progress=progress)
    else:
        table = marginalize(model, motifs, backgrounds, progress=progress)
    record: types.Json = {
        "rows": len(table),
        "backgrounds": len(backgrounds),
        "background": how,
        "motifs": [motif.name for motif in (pair or motifs)],
        "task": opened.tasks[model.target],
        **({} if pair is None else {"spacings": {"asked": len(spacings), "fit": len(fits)}}),
        "notes": list(notes),
        **provenance(seed=options.seed, weights_hash=opened.weights_hash, **made_by),
    }
    with write_with_record(out, record) as part:
        table.to_csv(part, sep="\t", index=False, float_format="%.6g", na_rep="NA")
        if figure is not None and pair is not None:
            names = (pair[0].alt or pair[0].name, pair[1].alt or pair[1].name)
            spacing_figure(table, names, figure, record)
    return record


def _pair(options: MarginalizeOptions) -> tuple[tuple[Motif, Motif] | None, tuple[str, ...]]:
    """Return the two motifs of a pair, and a note on each file that holds more than one."""
    if options.pair is None:
        return None, ()
    first, second = (motifs_of(text) for text in options.pair)
    notes = tuple(
        f"--pair: {text} holds {len(motifs)} motifs, of which the first is taken, {motifs[0].name}"
        for text, motifs in zip(options.pair, (first, second), strict=True)
        if len(motifs) > 1
    )
    return (first[0], second[0]), notes


def _unfit_note(spacings: list[int], fits: list[int], length: int) -> tuple[str, ...]:
    unfit = len(spacings) - len(fits)
    if not unfit or not fits:
        return ()
    return (
        f"--spacing: {unfit:,} of {len(spacings):,} distances do not fit into windows of {length} bp and are left "
        f"out; those from {fits[0]} to {fits[-1]} fit",
    )


def motifs_of(text: str) -> list[Motif]:
    """Read motifs of a file, of JASPAR by name, or letters as they stand.

    Examples
    --------
    >>> motifs_of("CACGTG")[0].width
    6
    """
    if re.fullmatch(r"[ACGTNacgtn]+", text):
        codes = encode(text)
        ppm = np.full((len(codes), 4), 0.25)
        ppm[codes < 4] = np.eye(4)[codes[codes < 4]]
        return [Motif(text.upper(), ppm)]
    return read_motifs(text)


def _windows(
    run: Run, options: MarginalizeOptions, open_data: Callable[[Run], Dataset] | None
) -> tuple[Windows, dict[str, str], tuple[str, ...]]:
    if options.regions:
        own = open_regions(run, options.regions)
        return own.windows, {"data": own.source, "data_hash": own.hash}, own.notes
    plain = run.model.channels == 4 and not run.model.meta
    if options.background == "random" and plain and not options.ablate:
        codes = np.zeros((options.count, run.model.length), dtype=np.uint8)
        return ArrayWindows(codes, np.zeros((options.count, len(run.tasks)), dtype=np.float32)), {}, ()
    if open_data is None:
        raise ValueError("no windows are named: give --bed, --fasta or --locus")
    dataset = open_data(run)
    windows = split_windows(dataset, options.split)
    check_run_fits(run, windows)
    return windows, {"data": dataset.source, "data_hash": dataset.hash}, dataset.notes
