"""The folder that `interpret motifs` leaves: tables, matrices, profiles and a summary, each file written whole."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_figures import motif_figures
from motiflens.analyses.motifs.motif_files import write_meme
from motiflens.analyses.motifs.motif_findings import MotifFindings
from motiflens.analyses.motifs.motif_profiles import motif_profiles
from motiflens.analyses.motifs.window_profiles import window_profiles
from motiflens.analyses.study import write_figures
from motiflens.models import types
from motiflens.models.files import files_together, write_text, write_whole


def write_folder(out: types.Path, findings: MotifFindings) -> Path:
    """Write everything but the report, all of it or nothing; return the folder (made if need be).

    Files
    -----
    motifs.meme, targets.meme
        The trimmed motifs, and the known matrices that they match best.
    motifs.tsv
        One row a motif; those that passed the gate first, by q.
    matches.tsv, hits.tsv
        TOMTOM's and FIMO's columns: matches of the motifs that passed the gate (attention's are made of known ones
        and are not matched), hits of known motifs at attended places.
    enrichment.tsv
        One row a known motif: sites, loci and windows with a hit at attended places, and the backgrounds.
    families.tsv, factors.tsv
        Matched motifs by the family of their target; which factors that the model was trained on were found.
    controls.tsv
        The model's metrics beside those of the best single JASPAR matrix and of 6-mers on the same windows.
    sites.bed
        Attended sites and seqlets.
    clusters.tsv, dendrogram.json
        Clusters of the motifs that passed the gate.
    profiles.npz
        See `window_profiles`.
    motif_profiles.npz
        For each motif at maximum attention, of the windows with it, ``attention/NAME`` (n, T), ``dnase/NAME``
        (n, L), ``places/NAME`` (n) bp, and ``around/NAME``, the mean DNase about its sites (see `MotifProfile`).
    figures/
        These as SVG and PNG, the kernels of each known motif below its logo, and ``captions.json``.
    summary.json
        See the keys.
    """
    with files_together(out, first="summary.json") as folder:
        _write_files(folder, findings)
    return Path(out)


def _write_files(folder: Path, findings: MotifFindings) -> None:
    targets = set(findings.table["target_id"])
    _meme(folder / "motifs.meme", findings.motifs)
    _meme(folder / "targets.meme", [target for target in findings.context.targets if target.name in targets])
    _tsv(folder / "motifs.tsv", findings.table)
    _tsv(folder / "matches.tsv", pd.concat([one.matches for one in findings.named.values()] or [pd.DataFrame()]))
    _tsv(folder / "families.tsv", findings.families)
    _tsv(folder / "factors.tsv", findings.factors)
    _tsv(folder / "clusters.tsv", findings.clusters.table)
    if len(findings.floor.table):
        _tsv(folder / "controls.tsv", findings.floor.table)
    write_text(folder / "dendrogram.json", json.dumps(findings.clusters.trees) + "\n")
    if findings.attended is not None:
        _tsv(folder / "hits.tsv", findings.attended.hits)
        _tsv(folder / "enrichment.tsv", findings.attended.known.sort_values("enrichment_p", kind="stable"))
    sites = [rows for result in findings.routes.values() for rows in result.sites]
    _tsv(folder / "sites.bed", pd.concat(sites) if sites else pd.DataFrame(), header=False)
    profiles = window_profiles(findings.context.windows, findings.subsequences, findings.attended)
    _npz(folder / "profiles.npz", profiles)
    _write_figures(folder, findings)
    write_text(folder / "summary.json", json.dumps(findings.summary, indent=2) + "\n")


def _write_figures(folder: Path, findings: MotifFindings) -> None:
    """Write the pictures of single motifs, and the numbers behind them."""
    labels = {target.name: target.alt for target in findings.context.targets}
    sites, attended = findings.subsequences, findings.attended
    profiles = [] if sites is None or attended is None else motif_profiles(sites, attended, labels)
    arrays: dict[str, np.ndarray] = {}
    for one in profiles:
        arrays |= {f"attention/{one.name}": one.attention, f"places/{one.name}": one.places}
        if one.dnase is not None and one.around is not None:
            arrays |= {f"dnase/{one.name}": one.dnase, f"around/{one.name}": one.mean_around()[0]}
    _npz(folder / "motif_profiles.npz", arrays)
    figures = motif_figures(findings, profiles)
    write_figures(folder / "figures", figures)
    captions = {figure.name: figure.caption for figure in figures}
    write_text(folder / "figures" / "captions.json", json.dumps(captions, indent=2) + "\n")


def _meme(path: Path, motifs: Sequence[Motif]) -> None:
    if motifs:
        write_meme(path, motifs)
    else:
        write_text(path, "MEME version 4\n\nALPHABET= ACGT\n\nstrands: + -\n")


def _tsv(path: Path, table: pd.DataFrame, *, header: bool = True) -> None:
    with write_whole(path) as part:
        table.to_csv(part, sep="\t", index=False, header=header, float_format="%.6g", lineterminator="\n")


def _npz(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    with write_whole(path) as part, part.open("wb") as file:
        np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
