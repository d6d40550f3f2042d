"""CpG islands as a signal, from the genome's letters."""

from __future__ import annotations

import numpy as np

from motiflens.models.data.genome import Genome
from motiflens.models.data.tracks import Track
from motiflens.models.types import Booleans, Codes, Floats, Integers

WIDTH = 200  # bp about each base (Gardiner-Garden and Frommer 1987)


def cpg_island(codes: Codes, width: int) -> Booleans:
    """Say of each base whether the `width` bp about it are a CpG island.

    N_CpG L / ((N_C + N_G) / 2)^2 > .6 and (N_C + N_G) / L > .5, as DeepGRN's CGI channel (its program divides by 2
    in place of L in the second term, so that it holds nearly everywhere).

    Parameters
    ----------
    codes
        (n, length + width) bases 0..4; those of a base j are at j … j + width.
    width
        L, in bp.

    Returns
    -------
    numpy.ndarray
        (n, length) bool.

    Examples
    --------
    >>> cpg_island(np.array([[1, 2, 1, 2, 0, 0, 0, 0, 0]], dtype=np.uint8), 4).tolist()
    [[True, True, False, False, False]]
    """
    cg = (codes == 1) | (codes == 2)
    pairs = np.zeros(codes.shape, dtype=bool)
    pairs[:, :-1] = (codes[:, :-1] == 1) & (codes[:, 1:] == 2)
    length = codes.shape[1] - width

    def counts(marked: Booleans, size: int) -> Integers:
        total = np.concatenate([np.zeros((len(marked), 1), np.int64), np.cumsum(marked, axis=1)], axis=1)
        return total[:, size : size + length] - total[:, :length]

    both, dinucleotides = counts(cg, width), counts(pairs, width - 1)
    return (dinucleotides * width > 0.6 * (both / 2) ** 2) & (both > 0.5 * width)


class CpgIslands(Track):
    """1 at bases in a CpG island, else 0; see `cpg_island`. In ``dataset.toml``: ``cgi = "sequence"``.

    Parameters
    ----------
    genome
        The genome.
    width
        Base pairs about each base.
    """

    def __init__(self, genome: Genome, width: int = WIDTH) -> None:
        self.genome, self.width = genome, width

    def read(self, chrom: Integers, starts: Integers, length: int, *, strand: str = "+") -> Floats:
        """Return the values of windows, (n, length) float32; see `Track.read`."""
        codes = self.genome.read(chrom, np.asarray(starts) - self.width // 2, length + self.width)
        out = cpg_island(codes, self.width).astype(np.float32)
        return out[:, ::-1] if strand == "-" else out

    def __getstate__(self) -> dict[str, object]:
        return dict(self.__dict__)
