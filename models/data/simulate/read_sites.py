"""Reading the truth beside a simulated data set."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from motiflens.models import types


def read_sites(folder: types.Path) -> pd.DataFrame:
    """Read ``truth/sites.bed`` of a simulated data set.

    Parameters
    ----------
    folder
        What `simulate` or `builtin` returned.

    Returns
    -------
    DataFrame
        One row a site: chrom, start, end (0-based, half-open), tf, strand, affinity (log2 of the site's
        probability under the factor's matrix over 1/4 per base), kind (``planted``; ``composite``, ``alone`` and
        ``wrong_spacing`` for the factor that needs a partner, with other grammars also ``wrong_order``,
        ``blocked`` and ``tethered`` (bound through its partner, at whose site it stands); ``closed``, planted
        where chromatin is never open; ``chance``), and for each cell type ``occupancy_CELL`` (0 … 1) and
        ``bound_CELL`` (whether that is 0.5 or more).

    Raises
    ------
    FileNotFoundError
        If the folder holds no truth.
    """
    path = Path(folder) / "truth" / "sites.bed"
    if not path.is_file():
        raise FileNotFoundError(f"{path} is missing: only simulated data sets have a truth")
    table = pd.read_csv(path, sep="\t")
    cells = table.columns[8].split(":")[1].split(",")
    occupied = table.iloc[:, 8].str.split(",", expand=True).astype(float)
    sites = table.iloc[:, [0, 1, 2, 3, 5, 6, 7]].copy()
    sites.columns = pd.Index(["chrom", "start", "end", "tf", "strand", "affinity", "kind"])
    for i, cell in enumerate(cells):
        sites[f"occupancy_{cell}"] = occupied[i]
        sites[f"bound_{cell}"] = table["bound"].str.split(",").map(lambda names, cell=cell: cell in names)
    return sites
