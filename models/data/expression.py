"""Expression of a cell type as a few numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from motiflens.models.data.text import read_lines
from motiflens.models.types import Doubles, Floats


def read_matrix(path: Path, what: str) -> tuple[list[str], list[str], Doubles]:
    """Read a tab-separated table of numbers with a header and row names.

    Returns
    -------
    rows, columns, values
        Names, and (rows, columns) float64.

    Raises
    ------
    ValueError
        For rows of another length, cells that are no finite numbers, or names that occur twice.
    """
    lines = read_lines(path, what)
    header = next(lines)[1].split("\t")[1:]
    names, values = [], []
    for number, line in lines:
        fields = line.split("\t")
        if len(fields) != len(header) + 1:
            raise ValueError(f"{path} line {number} has {len(fields)} columns, the header {len(header) + 1}")
        try:
            row = [float(field) for field in fields[1:]]
        except ValueError as error:
            raise ValueError(f"{path} line {number}: {error}: expected numbers") from None
        if not np.isfinite(row).all():
            raise ValueError(f"{path} line {number} holds NaN or infinity: expected numbers")
        names.append(fields[0])
        values.append(row)
    for kind, found in (("column", header), ("row", names)):
        if len(set(found)) < len(found):
            twice = next(name for i, name in enumerate(found) if name in found[:i])
            raise ValueError(f"{path} has the {kind} {twice!r} twice: names must differ")
    if not names:
        raise ValueError(f"{path} has no row below its header: expected a {what}")
    return names, header, np.array(values)


def expression_components(values: Doubles, components: int) -> Floats:
    """Return principal components of cell types' expression.

    Parameters
    ----------
    values
        (genes, cell types), not negative (TPM, FPKM): taken as log2(x + 1), each gene centred.
    components
        How many; cell types allow at most one fewer than there are, the others are 0.

    Returns
    -------
    numpy.ndarray
        (cell types, components) float32: scores, each component divided by the first one's standard
        deviation, so that models see numbers of about 1; the largest loading of each is positive.
    """
    logs = np.log2(values + 1).T  # cell types, genes
    centred = logs - logs.mean(axis=0)
    u, s, vt = np.linalg.svd(centred, full_matrices=False)
    rank = min(int((s > 1e-9 * max(float(s[0]), 1e-300)).sum()) if s[0] > 0 else 0, components)
    out = np.zeros((len(logs), components), dtype=np.float32)
    if rank:
        sign = np.sign(vt[np.arange(rank), np.abs(vt[:rank]).argmax(axis=1)])
        scores = u[:, :rank] * s[:rank] * sign
        out[:, :rank] = scores / scores[:, 0].std()
    return out


def read_components(path: Path | None, given: Path | None, components: int, cells: tuple[str, ...]) -> Floats:
    """Return the expression components of cell types, (cells, K) float32; K = 0 without a table.

    Parameters
    ----------
    path
        Genes × cell types.
    given
        Cell types × components, used as they are, instead.
    components
        How many to compute.
    cells
        The cell types wanted. Components are computed over all of the table's.

    Raises
    ------
    ValueError
        If a cell type is missing.
    """
    if given is not None:
        names, _, found = read_matrix(given, "table of expression components")
        scores, source = found.astype(np.float32), given
    elif path is not None:
        _, names, table = read_matrix(path, "expression table")
        if (table < 0).any():
            raise ValueError(f"{path} has negative values: expected TPM, FPKM or counts")
        scores, source = expression_components(table, components), path
    else:
        return np.zeros((len(cells), 0), dtype=np.float32)
    for cell in cells:
        if cell not in names:
            raise ValueError(f"{source} lacks the cell type {cell!r}: it has {', '.join(names)}")
    return scores[[names.index(cell) for cell in cells]]
