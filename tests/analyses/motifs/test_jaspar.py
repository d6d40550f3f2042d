"""JASPAR's releases: counts, versions, families, clear errors."""

from __future__ import annotations

import warnings
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


@pytest.mark.parametrize(
    ("factor", "matrices", "note"),
    [
        ("USF-1", ["MA0093.4"], ""),
        ("NFKB1", ["MA0105.4"], ""),
        ("HIF-1a", ["MA1106.2"], ""),
        ("max", ["MA0058.4"], ""),
        ("NRSF", ["MA0138.3"], "NRSF is taken as REST (MA0138.3)"),
        ("c-Jun", ["MA0488.2", "MA0489.3"], "c-Jun is taken as JUN, Jun (MA0488.2, MA0489.3)"),
        ("JUN::FOS", ["MA0099.4", "MA1126.2"], "JUN::FOS is taken as FOS::JUN (MA0099.4, MA1126.2)"),
        ("Oct-4", ["MA1115.2"], "Oct-4 is taken as POU5F1 (MA1115.2)"),
        ("NKX2.5", ["MA0063.3"], "NKX2.5 is taken as NKX2-5 (MA0063.3)"),
        ("Ahr", ["MA0006.2"], "Ahr is taken as Ahr::Arnt (MA0006.2)"),  # a dimer, for want of its own
        ("p53", ["MA0106.3"], "p53 is taken as TP53 (MA0106.3)"),
        ("c-Myc", ["MA0147.4"], "c-Myc is taken as MYC (MA0147.4)"),
        ("C/EBPbeta", ["MA0466.4"], "C/EBPbeta is taken as CEBPB (MA0466.4)"),
        ("ERalpha", ["MA0112.4"], "ERalpha is taken as ESR1 (MA0112.4)"),
        ("GR", ["MA0113.4"], "GR is taken as NR3C1 (MA0113.4)"),
        ("SREBP1", ["MA0595.1", "MA0829.3"], "SREBP1 is taken as SREBF1 (MA0595.1, MA0829.3)"),
        ("E2F", ["MA0024.3"], "E2F is taken as E2F1 (MA0024.3)"),
        # a sea squirt's, a plant's, a worm's and flies' matrices were given, without a word
        (
            "NF-kB",
            ["MA0105.4", "MA0107.1"],
            "NF-kB is taken as NFKB1, RELA (MA0105.4, MA0107.1); urochordates have NFkb (MA1902.2): give an "
            "identifier for that",
        ),
        (
            "AP-1",
            ["MA0099.4", "MA1126.2"],
            "AP-1 is taken as FOS::JUN (MA0099.4, MA1126.2); plants have AP1 (MA0940.1): give an identifier for "
            "that",
        ),
        (
            "HIF-1",
            ["MA1106.2"],
            "HIF-1 is taken as HIF1A (MA1106.2); nematodes have hif-1 (MA2168.1): give an identifier for that",
        ),
        (
            "HNF4",
            ["MA0114.5", "MA1494.2"],
            "HNF4 is taken as HNF4A (MA0114.5, MA1494.2); urochordates and insects have HNF4, Hnf4 (MA2111.1, "
            "MA2242.1): give an identifier for that",
        ),
        ("HSF", ["MA1458.2"], "HSF is taken as Hsf (MA1458.2) of insects"),
        ("GAL4", ["MA0299.1"], "GAL4 is taken as GAL4 (MA0299.1) of fungi"),
        ("Sry-beta", ["MA2630.1"], "Sry-beta is taken as Sry-beta (MA2630.1) of insects"),  # and not SRY
    ],
)
def test_what_a_name_is_taken_as(factor: str, matrices: list[str], note: str) -> None:
    """A name that is not JASPAR's own, or is of other taxa alone, is told of in a line."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        assert [motif.name for motif in jaspar_by_name(f"jaspar:2026:{factor}")] == matrices
    assert [str(one.message) for one in caught] == ([f"jaspar:2026: {note}"] if note else [])


def test_members_of_a_family_are_suggested() -> None:
    with pytest.raises(ValueError, match=r"no 'TEAD': did you mean TEAD1, TEAD2, TEAD3, TEAD4[?] expected"):
        jaspar_by_name("jaspar:2026:TEAD")
    with pytest.raises(ValueError, match=r"no 'C/EBP': did you mean CEBPA, CEBPB, CEBPD, CEBPE, CEBPG[?]"):
        jaspar_by_name("jaspar:2026:C/EBP")


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
