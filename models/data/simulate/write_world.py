"""Writing what is known of the world without sequencing: genome, annotation, expression, and ``dataset.toml``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from motiflens.models.data.simulate import files
from motiflens.models.data.simulate.factors import factors
from motiflens.models.data.simulate.genes import CELL_TYPES, PARTS
from motiflens.models.data.simulate.presets import Preset
from motiflens.models.data.simulate.world import World
from motiflens.models.files import write_text


def write_world(folder: Path, world: World) -> None:
    """Write everything but tracks, peaks and truth."""
    genome = world.genome
    files.write_fasta(folder / "genome.fa", genome)
    unique = np.zeros(len(world.copies), dtype=np.float32)
    np.divide(1.0, world.copies, out=unique, where=world.copies > 0, casting="same_kind")
    files.write_runs(folder / "uniqueness.bw", genome, np.round(unique, 4))
    files.write_intervals(folder / "blacklist.bed", genome, world.satellites)
    for part in PARTS:
        files.write_intervals(folder / "annotations" / f"{part}.bed", genome, world.genes.parts[part])
    table = world.genes.expression.to_csv(sep="\t", float_format="%.2f", lineterminator="\n")
    write_text(folder / "expression.tsv", table)
    write_text(folder / "dataset.toml", _toml(world.preset, world.seed))


def _toml(preset: Preset, seed: int) -> str:
    quoted = [f'"{name}"' for name in preset.valid], [f'"{name}"' for name in preset.test]
    lines = [
        f'name = "simulated ({preset.name}, seed {seed})"',
        '[genome]\nfasta = "genome.fa"\nblacklist = "blacklist.bed"',
        f"[windows]\nlength = {preset.length}\nbin = {preset.bin}\nstride = {preset.stride}",
        'labelling = "deepsea"',
        f"[splits]\nvalid = [{', '.join(quoted[0])}]\ntest = [{', '.join(quoted[1])}]",
        '[signals]\nuniqueness = "uniqueness.bw"',
        "[annotations]",
        *(f'{part} = "annotations/{part}.bed"' for part in PARTS),
        '[expression]\ntable = "expression.tsv"\ncomponents = 8',
        *(f'[[cell_types]]\nname = "{cell}"\naccessibility = "dnase/{cell}.bw"' for cell in CELL_TYPES),
    ]
    for factor in factors():
        for cell in CELL_TYPES:
            lines += [
                f'[[experiments]]\ntf = "{factor.name}"\ncell_type = "{cell}"',
                f'peaks = "peaks/{factor.name}.{cell}.narrowPeak"',
                f'fold_change = "fold_change/{factor.name}.{cell}.bw"',
            ]
    return "\n".join(lines) + "\n"
