"""Sites in windows as rows of a BED file."""

from __future__ import annotations

import numpy as np
import pandas as pd

from motiflens.models.data.windows import Windows


def bed_rows(sites: pd.DataFrame, windows: Windows, name: str, score: str) -> pd.DataFrame:
    """Sites as BED: chrom, start, end (genome where known, else the window), name, score, strand."""
    table = windows.table.iloc[sites["window"].to_numpy()].reset_index(drop=True)
    genomic = "chrom" in table.columns and table["chrom"].notna().all()
    first = table["start"].to_numpy(dtype=np.int64) if genomic else 0
    return pd.DataFrame(
        {
            "chrom": table["chrom"] if genomic else table["name"],
            "start": np.maximum(sites["start"].to_numpy() + first, 0),
            "end": sites["end"].to_numpy() + first,
            "name": name,
            "score": sites[score].to_numpy(),
            "strand": sites["strand"].to_numpy(),
        }
    )
