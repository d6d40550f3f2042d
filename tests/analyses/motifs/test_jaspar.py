"""JASPAR's releases: counts, versions, families, clear errors."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from motiflens.analyses.motifs.jaspar import jaspar, jaspar_by_name, releases
from motiflens.analyses.motifs.motif_files import read_motifs


def test_every_release() -> None:
    assert releases() == ["2014", "2016", "2018", "2020", "2022", "2024", "2026"]
    assert [len(jaspar(r)) for r in releases()] == [205, 519, 579, 746, 841, 879, 1019]
    assert len(jaspar(taxon=None)) == 2633
    assert len(jaspar("2016", taxon=None)) == 1082


def test_equals_pyjaspar() -> None:
    from pyjaspar import jaspardb

    database = jaspardb(release="JASPAR2026")
    for ours in jaspar()[::100]:
        theirs = database.fetch_motif_by_id(ours.name)
        counts = np.array([theirs.counts[letter] for letter in "ACGT"]).T
        np.testing.assert_allclose(ours.ppm, counts / counts.sum(axis=1, keepdims=True), rtol=1e-12, atol=0)
        assert ours.alt == theirs.name
        assert ours.family == "::".join(dict.fromkeys(theirs.tf_family))
        assert ours.nsites == pytest.approx(counts[0].sum())


@pytest.mark.realdata
def test_equals_gold_file(shared: Path) -> None:
    wanted = {m.name: m for m in read_motifs(shared / "gold" / "jaspar2026_vertebrates.meme.gz")}
    found = jaspar()
    assert {m.name for m in found} == set(wanted)
    for motif in found:
        np.testing.assert_allclose(motif.ppm, wanted[motif.name].ppm, rtol=0, atol=2e-6)
        assert abs(motif.nsites - wanted[motif.name].nsites) < 0.51


def test_identifiers() -> None:
    old, new = jaspar(ids=["MA0139.1", "MA0139"])
    assert (old.name, old.width, new.name, new.width) == ("MA0139.1", 19, "MA0139.2", 15)
    assert old.family == "More than 3 adjacent zinc fingers"
    assert old.source == "jaspar2026"


def test_names() -> None:
    assert [m.name for m in jaspar_by_name("jaspar:2026:MA0139.1,MA0138")] == ["MA0139.1", "MA0138.3"]
    assert len(jaspar_by_name("jaspar")) == 1019
    assert len(jaspar_by_name("jaspar:2016")) == 519
    assert len(jaspar_by_name("jaspar::fungi")) == len(jaspar(taxon="fungi"))
    assert len(read_motifs("jaspar:2014:all")) == 593


def test_by_factor_and_by_species() -> None:
    for name, wanted in (
        ("jaspar:2026:NRF1", ["Nrf1"]),
        ("jaspar:2026:ctcf", ["CTCF"] * 3),
        ("jaspar:2026:CTCF,MAX", ["CTCF"] * 3 + ["MAX"]),
        ("jaspar:2026:MAX::MYC", ["MAX::MYC"]),
        ("jaspar:2026:YY1", ["Yy1"]),  # two letters and a number: were taken for identifiers
        ("jaspar:2026:SP1", ["SP1"]),
        ("jaspar:2026:TP53", ["TP53"]),
        ("jaspar:2026:NRSF", ["REST"]),  # other spellings and older names: "did you mean 'Nrf1'?"
        ("jaspar:2026:c-Jun", ["JUN", "Jun"]),
        ("jaspar:2026:JUN::FOS", ["FOS::JUN"] * 2),
        ("jaspar:2026:Oct4", ["POU5F1"]),
        ("jaspar:2026:NKX2.5", ["NKX2-5"]),
        ("jaspar:2026:Ahr", ["Ahr::Arnt"]),  # a dimer, for want of a matrix of its own
    ):
        assert [motif.alt for motif in jaspar_by_name(name)] == wanted
    assert len(jaspar_by_name("jaspar:2026:Homo_sapiens")) == len(jaspar_by_name("jaspar:2026:9606")) == 857
    human, latest = jaspar_by_name("jaspar:2026:human"), {motif.name for motif in jaspar(taxon=None)}
    assert len(human) == len(jaspar_by_name("jaspar::Homo Sapiens")) == 857
    assert {motif.name for motif in human} < latest
    assert len(jaspar_by_name("jaspar:2026:yeast")) > 100
    with pytest.raises(ValueError, match=r"no 'martians': .* a species \(human, Mus musculus\) or factors"):
        jaspar_by_name("jaspar:2026:martians")
    with pytest.raises(ValueError, match="not installed"):
        jaspar("../JASPAR2026")


def test_bad_selections() -> None:
    with pytest.raises(ValueError, match=r"release 1999 is not installed: expected one of 2014"):
        jaspar("1999")
    with pytest.raises(ValueError, match=r"taxon 'martians'.*its taxa .*vertebrates"):
        jaspar(taxon="martians")
    with pytest.raises(ValueError, match=r"collection 'X'"):
        jaspar(collection="X")
    with pytest.raises(ValueError, match=r"no matrix 'MA9999'"):
        jaspar(ids=["MA9999"])
    with pytest.raises(ValueError, match=r"no matrix 'MA0139.9'"):
        jaspar(ids=["MA0139.9"])
    with pytest.raises(ValueError, match="no JASPAR identifiers"):
        jaspar(ids=[])
