"""Reading back what `interpret motifs` wrote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_files import read_motifs
from motiflens.models.reading import read_json
from motiflens.models.types import Json
from motiflens.models.types import Path as AnyPath

_AGAIN = "run 'interpret motifs' again"
REQUIRED = ("summary.json", "motifs.tsv", "motifs.meme", "targets.meme")


@dataclass(frozen=True)
class MotifsFolder:
    """The output folder of one `interpret motifs`.

    Attributes
    ----------
    path
        The folder.
    summary
        ``summary.json``.
    table
        ``motifs.tsv``, one row a motif.
    motifs, targets
        Name -> matrix: the model's motifs and the known ones that they match.
    dendrogram
        ``dendrogram.json``: scipy's linkage over the motifs that passed the gate, their names, cuts; may be empty.
    profiles
        Name -> array of ``profiles.npz``.
    figures
        SVG files of single motifs, each with its caption.
    """

    path: Path
    summary: Json
    table: pd.DataFrame
    motifs: Mapping[str, Motif]
    targets: Mapping[str, Motif]
    dendrogram: Json = field(default_factory=dict)
    profiles: Mapping[str, np.ndarray] = field(default_factory=dict)
    figures: tuple[tuple[Path, str], ...] = ()


def read_folder(path: AnyPath) -> MotifsFolder:
    """Read an output folder of `interpret motifs`.

    Raises
    ------
    FileNotFoundError
        If it lacks a file that every such folder has.
    ValueError
        If a file is damaged.
    """
    folder = Path(path)
    for name in REQUIRED:
        if not (folder / name).is_file():
            raise FileNotFoundError(
                f"{folder} holds no {name}: it is no output of 'interpret motifs', or that run did not finish"
            )
    dendrogram = folder / "dendrogram.json"
    return MotifsFolder(
        path=folder,
        summary=read_json(folder / "summary.json", "summary", _AGAIN),
        table=pd.read_csv(folder / "motifs.tsv", sep="\t", dtype={"motif_id": str, "target_id": str}),
        motifs=_by_name(folder / "motifs.meme"),
        targets=_by_name(folder / "targets.meme"),
        dendrogram=read_json(dendrogram, "dendrogram", _AGAIN) if dendrogram.is_file() else {},
        profiles=_arrays(folder / "profiles.npz"),
        figures=_figures(folder / "figures"),
    )


def _figures(folder: Path) -> tuple[tuple[Path, str], ...]:
    captions = folder / "captions.json"
    if not captions.is_file():
        return ()
    named = [
        (folder / f"{name}.png", str(caption)) for name, caption in read_json(captions, "captions", _AGAIN).items()
    ]
    return tuple((path, caption) for path, caption in named if path.is_file())


def _by_name(path: Path) -> dict[str, Motif]:
    if "\nMOTIF" not in path.read_text(encoding="utf-8"):
        return {}  # nothing was found, or nothing matched: an answer too
    return {motif.name: motif for motif in read_motifs(path)}


def _arrays(path: Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        return {}
    with np.load(path, allow_pickle=False) as content:
        return {name: content[name] for name in content.files}
