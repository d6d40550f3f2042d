"""The report: everything in one file, and nothing of it invented."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from motiflens.analyses.report import build_report


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
    assert "3 kernels 1 match" in page
    assert "interpret motifs --model tbinet" in page
    assert "Route attention was not possible: no attention." in page


def test_several_runs_side_by_side(folder: Path, other_folder: Path, tmp_path: Path) -> None:
    page = _page([folder, other_folder], tmp_path / "both.html")
    assert 'id="comparison"' in page
    assert page.count('class="sortable" id=') == 2
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids)), "ids must be unique"


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
    assert "Route attention gave" not in page
