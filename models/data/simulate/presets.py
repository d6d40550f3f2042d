"""How large a simulated genome is and how densely it is packed."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Preset:
    """The size and the geometry of a simulation.

    Attributes
    ----------
    name
        What the user calls it.
    chromosomes
        Name -> length in bp.
    valid, test
        Chromosomes that are held out; the rest is for training.
    element_spacing
        Mean distance between the centres of regulatory elements, in bp.
    gene_spacing
        Mean distance between the starts of genes, in bp.
    isochore
        Mean length of a stretch of one composition, in bp.
    length, bin, stride
        Windows: their length, the labelled bin in their middle, and the distance between bins, in bp.
    """

    name: str
    chromosomes: dict[str, int]
    valid: tuple[str, ...]
    test: tuple[str, ...]
    element_spacing: int
    gene_spacing: int
    isochore: int
    length: int
    bin: int
    stride: int


def _lengths(*lengths: int) -> dict[str, int]:
    return {f"chr{i}": length for i, length in enumerate(lengths, start=1)}


PRESETS = {
    preset.name: preset
    for preset in (
        # A compact genome with short windows, so that a model learns eight motifs from it in minutes on two cores.
        Preset(
            name="small",
            chromosomes=_lengths(1_100_000, 1_000_000, 900_000, 500_000, 500_000, 500_000),
            valid=("chr5",),
            test=("chr6",),
            element_spacing=650,
            gene_spacing=20_000,
            isochore=40_000,
            length=300,
            bin=200,
            stride=100,
        ),
        Preset(
            name="paper",
            chromosomes=_lengths(
                9_000_000,
                8_000_000,
                7_000_000,
                6_500_000,
                6_000_000,
                5_500_000,
                5_000_000,
                4_500_000,
                4_500_000,
                4_000_000,
            ),
            valid=("chr8",),
            test=("chr1", "chr10"),
            element_spacing=2_500,
            gene_spacing=40_000,
            isochore=200_000,
            length=1_000,
            bin=200,
            stride=50,
        ),
        # For tests: everything is there, but hardly enough to learn from.
        Preset(
            name="tiny",
            chromosomes=_lengths(120_000, 60_000, 60_000),
            valid=("chr2",),
            test=("chr3",),
            element_spacing=800,
            gene_spacing=15_000,
            isochore=20_000,
            length=500,
            bin=200,
            stride=100,
        ),
    )
}


def preset_named(name: str) -> Preset:
    """Return a preset.

    Raises
    ------
    ValueError
        If there is none of that name.
    """
    if name not in PRESETS:
        raise ValueError(f"there is no preset {name!r}: choose one of {', '.join(PRESETS)}")
    return PRESETS[name]
