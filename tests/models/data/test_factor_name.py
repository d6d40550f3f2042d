"""Factors in the names that public repositories give."""

from __future__ import annotations

import pytest

from motiflens.models.data.factor_name import factor_candidates


@pytest.mark.parametrize(
    ("name", "factor"),
    [
        ("USF1_HepG2_USF-1_HudsonAlpha_AC", "USF1"),
        ("USF1_HepG2_USF-1_HudsonAlpha_AC.seq.gz", "USF1"),
        ("runs/REST_GM12878", "REST"),
        ("REST_GM12878.AC.seq.gz", "REST"),
        ("YY1_H1-hESC", "YY1"),
        ("SRF_H1-hESC_SRF_HudsonAlpha", "SRF"),
        ("GM12878-MAX", "MAX"),
        ("H1-hESC-SRF", "SRF"),
        ("GM12878_MAX", "MAX"),
        ("MAX-K562.narrowPeak.gz", "MAX"),
        ("HeLa-S3_TBP_Stanford", "TBP"),
        ("ARID3A_K562_ARID3A_(sc-8821)_Stanford", "ARID3A"),
        ("ELK1_GM12878_ELK1_(1277-1)_Stanford", "ELK1"),
        ("CTCF_A549_CTCF_(SC-5916)_HudsonAlpha_B", "CTCF"),
        ("CTCF sc-5916", "CTCF"),
        ("EGR1_K562_Egr-1_HudsonAlpha", "EGR1"),
        ("CTCF-human", "CTCF"),
        ("ENCFF002CDP.CTCF.K562.bed", "CTCF"),
        ("ctcf_k562_hg19.narrowPeak.gz", "CTCF"),
        ("ChIPseq.HepG2.FOXA1.conservative.train.narrowPeak.gz", "FOXA1"),
        ("FOXA1.train.labels.tsv.gz", "FOXA1"),
        ("fkh1_gem.narrowPeak", "FKH1"),
        ("K562|c-Myc|None", "CMYC"),
        ("GM12878|NF-YA|None", "NFYA"),
        ("JUN::FOS", "JUN::FOS"),
        ("CTCF:GM12878", "CTCF"),
        ("GSM803440_hg19_REST_rep1", "REST"),
        ("PU.1_GM12878", "PU1"),
        ("wgEncodeAwgTfbsHaibGm12878Elk112771UniPk", "ELK1"),
        ("wgEncodeAwgTfbsHaibK562Yy1sc281V0416101UniPk", "YY1"),
        ("wgEncodeAwgTfbsBroadK562CtcfUniPk", "CTCF"),
        ("wgEncodeAwgTfbsUtaGm12878CmycUniPk.narrowPeak.gz", "CMYC"),
        ("wgEncodeAwgTfbsHaibGm12878CtcfPcr1xUniPk", "CTCF"),
        ("wgEncodeHaibTfbsH1hescSrfPcr1xPkRep1", "SRF"),
        ("wgEncodeAwgTfbsSydhK562Ezh239875UniPk", "EZH2"),
        ("wgEncodeAwgTfbsHaibHepg2Hnf4asc8987UniPk", "HNF4A"),
        ("wgEncodeAwgTfbsSydhK562Bach1sc14700IggrabUniPk", "BACH1"),
        ("wgEncodeAwgTfbsHaibGm12878Pax5c20UniPk", "PAX5"),
        ("wgEncodeAwgTfbsHaibHepg2P300UniPk", "P300"),
        ("wgEncodeAwgTfbsSydhHelas3E2f4UniPk", "E2F4"),
        ("wgEncodeAwgTfbsSydhK562Znf143166181apUniPk", "ZNF143"),
    ],
)
def test_the_most_likely_factor(name: str, factor: str) -> None:
    assert factor_candidates(name)[0] == factor


@pytest.mark.parametrize(
    "name",
    [
        "ENCFF123ABC",
        "ENCFF123ABC.bed.gz",
        "task0",
        "K562",
        "peaks.narrowPeak",
        "peaks.bw",
        "K562_rep1.tagAlign.gz",
        "",
        "AC",
        "max_pool",
        "rest_of_windows",
    ],
)
def test_a_name_without_a_factor_has_no_candidates(name: str) -> None:
    assert factor_candidates(name) == ()


def test_older_names_are_followed_by_the_symbol() -> None:
    assert factor_candidates("NRSF_HepG2") == ("NRSF", "REST")
    assert factor_candidates("GM12878|c-Fos|None") == ("CFOS", "FOS")


def test_words_of_an_antibody_are_no_candidates() -> None:
    assert factor_candidates("EP300_(anti MAX serum)_K562") == ("EP300",)
    assert factor_candidates("GATA1 [Santa Cruz sc-266]") == ("GATA1",)


def test_unknown_words_are_candidates_in_the_order_of_the_name() -> None:
    assert factor_candidates("MYCELL_MAX_K562") == ("MYCELL", "MAX")
