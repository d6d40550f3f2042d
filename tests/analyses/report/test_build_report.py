"""The report: everything in one file, and nothing of it invented."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from motiflens.analyses.motifs.families import families, found_factors
from motiflens.analyses.report import build_report
from motiflens.analyses.report.view import _trees


class _Balance(HTMLParser):
    """Opened elements are closed in order."""

    VOID = frozenset({"meta", "link", "br", "input", "img", "path", "use", "rect", "circle", "polyline"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag


def _page(folders: list[Path], out: Path) -> str:
    return build_report(folders, out).read_text(encoding="utf-8")


def test_one_file_that_refers_to_nothing_outside(folder: Path) -> None:
    page = _page([folder], folder / "report.html")
    outside = re.findall(r"""(?:src|href)\s*=\s*["']([^"'#]+)""", page)
    assert all(address.startswith("data:") for address in outside)
    assert not re.findall(r"@import|url\(", page)
    parser = _Balance()
    parser.feed(page)
    assert parser.open == []


def test_says_what_the_folder_says(folder: Path) -> None:
    page = _page([folder], folder / "report.html")
    assert page.count("<tr class=") == 4
    assert "zinc &lt;fingers&gt;" in page
    assert "zinc <fingers>" not in page
    assert "not significant" in page
    assert "1 of 3 kernels match a known motif" in page
    assert "For comparison with the papers, not corrected: 2 kernels at E &lt; 0.05." in page
    assert (
        page.index("Which of its factors")
        < page.index("Could that be chance?")
        < page.index("What did each route")
    )
    assert "interpret motifs --model tbinet" in page
    assert "Route attention was not possible: no attention." in page


def test_several_runs_side_by_side(folder: Path, other_folder: Path, tmp_path: Path) -> None:
    page = _page([folder, other_folder], tmp_path / "both.html")
    assert 'id="comparison"' in page
    assert page.count('class="sortable motifs" id=') == 2
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids)), "ids must be unique"


def test_known_motifs_without_families(folder: Path, other_folder: Path, tmp_path: Path) -> None:
    """A user's own file names none: the column was read as numbers, which take no text."""
    for one in (folder, other_folder):
        table = pd.read_csv(one / "motifs.tsv", sep="\t").assign(target_family=float("nan"))
        table.to_csv(one / "motifs.tsv", sep="\t", index=False)
    table = pd.read_csv(folder / "motifs.tsv", sep="\t")
    assert families(table)["motifs"].tolist() == [2, 1]
    assert found_factors(table, ["CTCF"], [])["found"].tolist() == [True]
    assert "(no family)" in _page([folder, other_folder], tmp_path / "both.html")


def test_a_folder_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"summary\.json"):
        build_report([tmp_path], tmp_path / "report.html")
    with pytest.raises(ValueError, match="no folder"):
        build_report([], tmp_path / "report.html")
    assert not (tmp_path / "report.html").exists()


def test_damaged_summary_keeps_the_old_report(folder: Path) -> None:
    (folder / "report.html").write_text("old")
    (folder / "summary.json").write_text("{")
    with pytest.raises(ValueError, match=r"summary\.json"):
        build_report([folder], folder / "report.html")
    assert (folder / "report.html").read_text() == "old"


def test_attention_is_not_said_to_match(folder: Path) -> None:
    """Its matrices are made of known motifs' hits: that they match is by construction."""
    path = folder / "summary.json"
    summary = json.loads(path.read_text(encoding="utf-8"))
    summary["routes"]["attention"] |= {"left_out": False, "motifs": 7, "passed": 7, "matched": 7}
    path.write_text(json.dumps(summary), encoding="utf-8")
    page = _page([folder], folder / "report.html")
    assert "Route attention: 7 distinct known motifs enriched" in page
    assert "with the attended places shuffled" not in page
    summary["routes"]["attention"] |= {"enriched": 24, "enriched_of_shuffled": [0, 2, 1]}
    path.write_text(json.dumps(summary), encoding="utf-8")
    page = _page([folder], folder / "report.html")
    assert (
        "Of all known motifs 24 are enriched, similar ones among them; with the attended places shuffled, 0, 2 and"
        in page
    )
    assert "Route attention gave" not in page


def test_the_model_or_the_route_is_said_to_miss(folder: Path) -> None:
    attention = {"left_out": False, "motifs": 0, "passed": 0, "matched": 0, "enriched": 0}
    routes = json.loads((folder / "summary.json").read_text(encoding="utf-8"))["routes"]
    _change(folder, "routes", attention={**routes["attention"], **attention})
    words = "attention names no known motif where kernels and seqlets do: the model has learned motifs, but its"
    assert words in _page([folder], folder / "report.html")


def _change(folder: Path, part: str, **values: object) -> None:
    path = folder / "summary.json"
    summary = json.loads(path.read_text(encoding="utf-8"))
    summary[part] |= values
    path.write_text(json.dumps(summary), encoding="utf-8")


@pytest.mark.parametrize("value", [0.0, None])
def test_all_windows_kept_whatever_their_dnase(folder: Path, value: float | None) -> None:
    """`--flat-dnase 0` used to end in an error here, after all the work; None is what it wrote before."""
    _change(folder, "parameters", flat_dnase=value)
    page = _page([folder], folder / "report.html")
    assert "predicted above 0.5;" in page
    assert "distinct DNase peak" not in page
    _change(folder, "parameters", flat_dnase=15.0)
    assert "(max/mean &lt; 15)" in _page([folder], folder / "report.html")


def test_side_by_side_counts_what_each_column_says(folder: Path, other_folder: Path, tmp_path: Path) -> None:
    page = _page([folder, other_folder], tmp_path / "both.html")
    table = page[page.index('id="comparison"') :]
    heads = re.findall(r'<th scope="col" class="number">([^<]+)</th>', table[: table.index("</thead>")])
    row = table[table.index("<tbody>") : table.index("</tr>", table.index("<tbody>"))]
    counts = dict(zip(heads, re.findall(r'<td class="number">([^<]*)</td>', row), strict=True))
    assert counts["kernels: motifs"] == "3"
    assert counts["kernels: passed the gate"] == "2"
    assert counts["kernels: known"] == "1"
    assert counts["kernels: uncorrected, as in the papers"] == "2"


def test_no_probability_is_0(folder: Path) -> None:
    path = folder / "motifs.tsv"
    table = pd.read_csv(path, sep="\t")
    table["enrichment_q"], table["enrichment_log10_q"], table["target_q"] = 0.0, -412.3, 0.0
    table.to_csv(path, sep="\t", index=False)
    page = _page([folder], folder / "report.html")
    assert page.count("q 5.0e-413") == 4
    assert "&lt; 1e-300" in page
    assert not re.search(r"<td[^>]*>(<br>|<span[^>]*>|q )*0<", page)


def test_a_factor_that_is_not_known_is_not_said_to_be_missing(folder: Path) -> None:
    nothing = {"trained_on": [], "found_by_kernels": [], "found_by_any_route": []}
    _change(folder, "factors", **nothing, unknown=["bound"])
    page = _page([folder], folder / "report.html")
    assert "Unknown factor: no factor with a known motif is named by bound" in page
    assert "0 of" not in page
    _change(folder, "factors", trained_on=["USF1"], unknown=[], taken_from={"USF1": "task USF1_HepG2"})
    assert "named by task USF1_HepG2; --factor names another" in _page([folder], folder / "report.html")


def test_a_motif_made_of_hits_is_shown_as_such(folder: Path) -> None:
    path = folder / "motifs.tsv"
    table = pd.read_csv(path, sep="\t").assign(match="tested")
    table.loc[1, ["match", "target_q"]] = ["by construction", float("nan")]
    table.to_csv(path, sep="\t", index=False)
    page = _page([folder], folder / "report.html")
    assert page.count("made of its hits: no match") == 1
    assert "not significant" not in page


def test_trees_by_edit_distance_with_their_cuts(folder: Path) -> None:
    """TBiNet's Fig. 5: kernels by the edit distance of their letters, lines at 3, 5 and 10."""
    path = folder / "dendrogram.json"
    content = json.loads(path.read_text(encoding="utf-8"))
    tree = {"labels": ["kernel_000", "kernel_007", "kernel_009"], "linkage": [[0, 1, 2, 2], [2, 3, 11, 3]]}
    content["matched"] = {**tree, "distinct": {"0": 3, "3": 2, "5": 2, "10": 2}}
    targets = {"labels": ["MA1 CTCF", "MA2 FOXA1"], "linkage": [[0, 1, 4, 2]]}
    content["targets"] = {**targets, "distinct": {"0": 2, "3": 2, "5": 1, "10": 1}}
    path.write_text(json.dumps(content), encoding="utf-8")
    page = _page([folder], folder / "report.html")
    figure = page[page.index("Kernels that match as the papers count") :]
    assert figure[: figure.index("</figure>")].count('class="cut"') == 3
    figure = page[page.index("Known motifs that kernels match, by edit distance of the known letters") :]
    figure = figure[: figure.index("</figure>")]
    assert figure.count('class="cut"') == 3
    assert "MA2 FOXA1" in figure
    rows = re.findall(r'<tr><th scope="row">([^<]+)</th>((?:<td class="number">\d+</td>)+)</tr>', page)
    counts = {what: re.findall(r">(\d+)<", cells) for what, cells in rows}
    assert counts["kernels that match, uncorrected (TBiNet&#39;s Table 5)"] == ["3", "2", "2", "2"]
    assert counts["known motifs that kernels match"] == ["2", "2", "1", "1"]


def test_a_tree_too_large_to_draw_is_told() -> None:
    """More than 200 kernels (TBiNet has 320) left no figure and no word; now 400 are drawn."""
    for count, drawn in ((320, True), (401, False)):
        linkage = [[0, 1, 1, 2], *([count + i, i + 2, i + 2, i + 3] for i in range(count - 2))]
        (tree,) = _trees({"matched": {"labels": [f"k{i}" for i in range(count)], "linkage": linkage}})
        assert ("<svg" in tree["content"]) == drawn
        assert ("401 are too many to draw" in tree["caption"]) != drawn
