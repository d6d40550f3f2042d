"""Expression of a cell type as a few numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from motiflens.models.data.folder_spec import FolderSpec
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
    if not header:
        raise ValueError(f"{path} line 1 has one column: expected names of columns after the first, by tabs")
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
    for kind, titles in (("column", header), ("row", names)):
        if len(set(titles)) < len(titles):
            twice = next(name for i, name in enumerate(titles) if name in titles[:i])
            raise ValueError(f"{path} has the {kind} {twice!r} twice: names must differ")
    if not names:
        raise ValueError(f"{path} has no row below its header: expected a {what}")
    return names, header, np.array(values)


def expression_components(
    values: Doubles, components: int, *, transform: str = "log2", scaled: bool = True
) -> Floats:
    """Return principal components of cell types' expression.

    Parameters
    ----------
    values
        (genes, cell types), not negative (TPM, FPKM); each gene is centred.
    components
        How many; cell types allow at most one fewer than there are, the others are 0.
    transform
        ``log2``: of log2(x + 1); ``tpm``: of the values as they are, as DeepGRN's articles say.
    scaled
        Divide each component by the first one's standard deviation, so that models see numbers of about 1.

    Returns
    -------
    numpy.ndarray
        (cell types, components) float32: scores; the largest loading of each is positive.
    """
    logs = (np.log2(values + 1) if transform == "log2" else values).T  # cell types, genes
    centred = logs - logs.mean(axis=0)
    u, s, vt = np.linalg.svd(centred, full_matrices=False)
    rank = min(int((s > 1e-9 * max(float(s[0]), 1e-300)).sum()) if s[0] > 0 else 0, components)
    out = np.zeros((len(logs), components), dtype=np.float32)
    if rank:
        sign = np.sign(vt[np.arange(rank), np.abs(vt[:rank]).argmax(axis=1)])
        scores = u[:, :rank] * s[:rank] * sign
        out[:, :rank] = scores / scores[:, 0].std() if scaled else scores
    return out


def read_components(spec: FolderSpec, cells: tuple[str, ...]) -> Floats:
    """Return the expression components of cell types, (cells, K) float32; K = 0 without a table.

    Parameters
    ----------
    spec
        Its ``expression`` (genes × cell types) with ``components``, ``transform`` and ``scaled``; or ``given``
        (cell types × components), used as they are.
    cells
        The cell types wanted. Components are computed over all of the table's.

    Raises
    ------
    ValueError
        If a cell type is missing.
    """
    path, given = spec.expression, spec.given
    if given is not None:
        names, _, values = read_matrix(given, "table of expression components")
        scores, source = values.astype(np.float32), given
    elif path is not None:
        _, names, table = read_matrix(path, "expression table")
        if (table < 0).any():
            raise ValueError(f"{path} has negative values: expected TPM, FPKM or counts")
        scores, source = (
            expression_components(table, spec.components, transform=spec.transform, scaled=spec.scaled),
            path,
        )
    else:
        return np.zeros((len(cells), 0), dtype=np.float32)
    for cell in cells:
        if cell not in names:
            raise ValueError(f"{source} lacks the cell type {cell!r}: it has {', '.join(names)}")
    return scores[[names.index(cell) for cell in cells]]
