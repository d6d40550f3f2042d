"""The factor of a model, from the names that public repositories give."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from motiflens.analyses.motifs.factors import factor_table, trained_factors
from motiflens.analyses.motifs.families import equivalents, resolve_factor
from motiflens.analyses.motifs.jaspar import jaspar
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.synonyms import synonyms


@pytest.fixture(scope="module")
def vertebrates() -> list[Motif]:
    return jaspar()


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("USF1_HepG2_USF-1_HudsonAlpha", "USF1"),
        ("REST_GM12878", "REST"),
        ("REST_GM12878.AC.seq.gz", "REST"),
        ("GM12878-MAX", "MAX"),
        ("SRF_H1-hESC_SRF_HudsonAlpha", "SRF"),
        ("ARID3A_K562_ARID3A_(sc-8821)_Stanford", "ARID3A"),
        ("NRSF|K562", "REST"),
        ("K562|c-Myc|None", "MYC"),
        ("MAX|cell", "MAX"),
        ("JUN::FOS", "JUN::FOS"),
        ("FOS::JUN", "JUN::FOS"),
        ("Nfe2l2", "NFE2L2"),
        ("bound", None),
        ("EP300_GM12878", None),  # binds no DNA itself: no matrix
        ("ENCFF123ABC.bed.gz", None),
        ("Sp1_HepG2", "SP1"),
        ("SP-1_GM12878", "SP1"),
        ("NF-YB_K562", "NFYB"),
        ("Znf143_H1", "ZNF143"),
        ("BHLHE40_HepG2_(NB100-1800)", "BHLHE40"),
        ("GR_A549_Dex.bed", "NR3C1"),
        ("GR-dex-A549", "NR3C1"),
        ("ERa_MCF-7", "ESR1"),
        ("ER\u03b1_MCF7", "ESR1"),
        ("hif-1\u03b1", "HIF1A"),
        ("PPAR\u03b3", "PPARG"),
        ("HNF4alpha_HepG2", "HNF4A"),
        ("HNF-3beta", "FOXA2"),
        ("C/EBPb_IMR90", "CEBPB"),
        ("Pu.1-bmdm.bed", "SPI1"),
        ("NKX2.1_lung", "NKX21"),
        ("OCT4_H9", "POU5F1"),
        ("COUP-TFII", "NR2F2"),
        ("p53-nutlin", "TP53"),
        ("T-bet_Th1", "TBX21"),
        ("eGFP-GATA2_K562", "GATA2"),
        ("K562_eGFP-JUNB_HudsonAlpha", "JUNB"),
        ("3xFLAG-ZNF263_HEK293", "ZNF263"),
        ("MAX-eGFP", "MAX"),
        ("anti-CTCF_rep1", "CTCF"),
        ("PAX5-N19", "PAX5"),
        ("Runx1-HPC7", "RUNX1"),
        ("FoxA1-siCTRL-MCF7", "FOXA1"),
        ("2021-03-05_CTCF_rep2.narrowPeak", "CTCF"),
        ("20190412_max_k562_r1.bed", "MAX"),
        ("SRX123456.05_CTCF.bed", "CTCF"),
        ("Oth.ALL.05.CTCF.AllCell.bed", "CTCF"),
        ("remap2022_ctcf_all_macs2_hg38_v1_0.bed", "CTCF"),
        ("GSE12345_FOXA1_LNCaP_summits.bed", "FOXA1"),
        ("CTCF.GM12878.rep1.hg38.bigWig", "CTCF"),
        ("CTCF_HUMAN.H11MO.0.A", "CTCF"),
        ("spp.optimal.wgEncodeBroadHistoneGm12878CtcfStdAlnRep0.bam", "CTCF"),
        ("GSM749704_hg19_wgEncodeUwTfbsGm12878CtcfStdRawRep1.bigWig", "CTCF"),
        ("NF-Y_HeLa-S3", "NFYA"),
        ("ER_MCF-7_E2.narrowPeak", "ESR1"),
        ("Blimp-1_plasma.bed", "PRDM1"),
        ("HIF-2a_786O", "EPAS1"),
        ("Nur77_thymus", "NR4A1"),
        ("RXR_macrophage", "RXRA"),
        ("H3K27ac_K562", None),
        ("POLR2A_GM12878.bed.gz", None),
        ("Input_K562", None),
        ("IDR_final_optimal.narrowPeak.gz", None),
    ],
)
def test_names(name: str, factor: str | None, vertebrates: list[Motif]) -> None:
    assert resolve_factor(name, vertebrates) == factor


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("max_pool.fa", None),
        ("Max_pool.fa", None),
        ("max-pool.fa", None),
        ("max.fa", None),
        ("max", None),
        ("rest_of_windows.fa", None),
        ("the_rest.bed", None),
        ("jun_2024.bed", None),
        ("JUN_2024.bed", None),
        ("Jun-2024.bed", None),
        ("jun2024.bed", None),
        ("12jun2024.bed", None),
        ("2024-jun-12.bed", None),
        ("March_max_2020.bed", None),
        ("set1.bed", None),
        ("atf.bed", None),
        ("pr.bed", None),
        ("bright_field.fa", None),
        ("rev.fa", None),
        ("max_score_ctcf.bed", "CTCF"),
        ("all_fos.bed", "FOS"),
        ("irf_notes", "IRF1"),
        ("MAX.fa", "MAX"),
        ("REST", "REST"),
        ("REST_kept.bed", "REST"),
        ("MAX_GM12878.bed", "MAX"),
        ("max_k562.narrowPeak", "MAX"),
        ("max-k562.narrowPeak", "MAX"),
        ("Jun_mESC.bed", "JUN"),
        ("rest_H1-hESC_2020.bed", "REST"),
        ("JUN_HepG2_2024.bed", "JUN"),
        ("JUN_HepG2.seq.gz", "JUN"),
        ("max_ENCFF123ABC.bed", "MAX"),
        ("ENCSR000EUM.max.bed", "MAX"),
        ("max_(sc-197).bed", "MAX"),
        ("max_sc-197.bed", "MAX"),
        ("K562|Max|None", "MAX"),
        ("max|K562", "MAX"),
        ("wgEncodeAwgTfbsHaibK562MaxUniPk.narrowPeak.gz", "MAX"),
        ("wgEncodeAwgTfbsSydhK562MaxIggrabUniPk.narrowPeak.gz", "MAX"),
        ("er_mcf7.bed", "ESR1"),
        ("oct4.bed", "POU5F1"),
        ("dec1_hepg2.bed", "BHLHE40"),
        ("ctcf.bed", "CTCF"),
        ("nf-kb_peaks.bed", "RELA"),
        ("NF-κB.bed", "RELA"),
        ("c-Rel.bed", "REL"),
        ("c-jun.bed", "JUN"),
        ("Oct-4.bed", "POU5F1"),
        ("dec-1.bed", "BHLHE40"),
        ("HIF-1a.bed", "HIF1A"),
    ],
)
def test_a_word_is_no_factor_by_itself(name: str, factor: str | None, vertebrates: list[Motif]) -> None:
    """Words and months in lower case need a cell type, an accession or an antibody beside them."""
    assert resolve_factor(name, vertebrates, stated=False) == factor
    assert resolve_factor("max", vertebrates) == "MAX", "who states a factor may write it so"
    assert equivalents("MAF", [Motif("Maf", np.full((4, 4), 0.25))]).covers("", "Maf"), "motifs' names are stated"


def test_what_counts() -> None:
    usf = equivalents("USF1_HepG2_USF-1_HudsonAlpha_AC.seq.gz", jaspar())
    assert usf.covers("bHLH-ZIP", "TFE3")
    assert not usf.covers("FOX", "FOXA1")
    assert equivalents("REST_GM12878", jaspar()).covers("", "REST")
    assert not equivalents("bound", jaspar()).covers("bHLH-ZIP", "USF1")
    assert synonyms()["KROX24"] == "EGR1"
    plain = [Motif("ELK1_DBD_1", np.full((4, 4), 0.25))]  # as in Jolma 2013, without a second name
    assert resolve_factor("ELK1_GM12878_ELK1_(1277-1)_Stanford", plain) == "ELK1"
    assert equivalents("ELK1", plain).covers("", "ELK1_DBD_1")


def run(tasks: list[str], **data: object) -> SimpleNamespace:
    return SimpleNamespace(tasks=tasks, config={"data": data})


def test_where_the_factor_is_taken_from() -> None:
    targets = jaspar()
    pooled = trained_factors(run(["max"], source="/data/max.fa"), targets)  # type: ignore[arg-type]
    assert (pooled.names, pooled.unknown) == ((), ("max",))
    stated = trained_factors(run(["max"], source="/data/max.fa", options={"tf": "max"}), targets)  # type: ignore[arg-type]
    assert stated.taken_from == {"MAX": "--tf of the training"}
    asked = trained_factors(run(["max"]), targets, factor="max")  # type: ignore[arg-type]
    assert asked.taken_from == {"MAX": "--factor"}
    one = trained_factors(run(["bound"], source="/data/GM12878-MAX.narrowPeak"), targets)  # type: ignore[arg-type]
    assert (one.names, one.taken_from) == (("MAX",), {"MAX": "data GM12878-MAX.narrowPeak"})
    none = trained_factors(run(["bound"], source="mine.fa"), targets)  # type: ignore[arg-type]
    assert (none.names, none.unknown) == ((), ("bound",))
    told = trained_factors(run(["bound"]), targets, factor="Usf-1")  # type: ignore[arg-type]
    assert told.taken_from == {"USF1": "--factor"}
    many = trained_factors(run(["CTCF|a", "CTCF|b", "EP300|a", "MAX|a"]), targets)  # type: ignore[arg-type]
    assert (many.names, many.unknown) == (("CTCF", "MAX"), ("EP300|a",))
    assert trained_factors(run(["CTCF|a", "MAX|a"]), targets, tf="MAX|a").names == ("MAX",)  # type: ignore[arg-type]


def test_unknown_is_not_the_same_as_not_found() -> None:
    table = pd.DataFrame(
        {
            "motif_id": ["kernel_0", "attention_MA0139.2"],
            "route": ["kernels", "attention"],
            "gate": "passed",
            "target_id": ["MA0058.4", "MA0139.2"],
            "target_alt": ["MAX", "CTCF"],
            "target_family": ["bHLH-ZIP", ""],
            "target_q": [0.01, np.nan],
            "enrichment_q": [np.nan, 1e-9],
        }
    )
    factors = trained_factors(run(["MAX|a", "CTCF|a", "SPI1|a", "mystery"]), jaspar())  # type: ignore[arg-type]
    found = factor_table(table, 0.05, factors, jaspar()).set_index(["route", "factor"])["found"]
    assert found["kernels", "MAX"] is True
    assert found["kernels", "SPI1"] is False
    assert found["kernels", "CTCF"] is False
    assert found["attention", "CTCF"] is True  # enriched there: it is no match
    assert {found[route, "unknown factor (mystery)"] for route in ("kernels", "seqlets", "denovo")} == {"unknown"}
