"""The pages that are written from the code hold every command and every public function."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

DOCS = Path(__file__).resolve().parent.parent / "docs"


@pytest.fixture(scope="module")
def generate() -> ModuleType:
    """The script that writes them."""
    spec = importlib.util.spec_from_file_location("generate_docs", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_command_has_its_options(generate: ModuleType) -> None:
    from motiflens.analyses.cli.main import COMMANDS

    page = generate.commands_page()
    for name in COMMANDS:
        assert re.search(rf"^## interpret {name}\b", page, re.MULTILINE), name
    assert "| `--out` | `PATH` |" in page
    assert "| `--control` | `random_split\\|shuffled_labels` |" in page


def test_every_public_function_is_listed(generate: ModuleType) -> None:
    page = generate.api_page()
    for where in ("models.registry.build", "interpret.adapter.adapt", "analyses.motifs.find_motifs.find_motifs"):
        assert f":: motiflens.{where}\n" in page
    listed = re.findall(r":: (\S+)", page)
    assert len(listed) == len(set(listed)) > 60


def test_every_column_is_explained() -> None:
    """Of the tables whose columns the code lists; others are compared in the tests that write them."""
    from motiflens.analyses.benchmark import differences, rows, summary
    from motiflens.analyses.chip.correlate import QUANTITIES
    from motiflens.analyses.motifs.motif_table import COLUMNS
    from motiflens.models.metrics import METRICS
    from motiflens.models.study import results

    tables = [COLUMNS, METRICS, QUANTITIES, rows.COLUMNS, summary.SUMMARY, results.COLUMNS, differences.COLUMNS]
    explained = set(re.findall(r"`([^`]+)`", (DOCS / "outputs.md").read_text(encoding="utf-8")))
    assert {column for table in tables for column in table} - explained == set()


def test_every_score_of_the_benchmark_is_explained() -> None:
    """With its words, which way is good, and what chance gives."""
    from motiflens.analyses.benchmark.measures import SCORES

    text = (DOCS / "outputs.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.+) \| (high|low|–) \| ([\d.]+|–) \|$", text, re.MULTILINE)
    ways = {1: "high", -1: "low", 0: "–"}
    expected = [
        (name, words, ways[way], "–" if chance is None else f"{chance:g}")
        for name, (way, chance, words) in SCORES.items()
    ]
    assert rows == expected


def test_each_page_is_in_the_contents() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    for page in DOCS.glob("*.md"):
        assert page.stem == "index" or re.search(rf"^{page.stem}$", index, re.MULTILINE), page.name


def test_python_of_the_tour_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "tour.md").read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "tour.md", "exec"), {})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The built site; warnings are errors."""
    for name in ("sphinx", "myst_nb", "furo"):
        pytest.importorskip(name)
    folder = tmp_path_factory.mktemp("site")
    words = [
        "-q",
        "-W",
        "--keep-going",
        "-b",
        "html",
        "-d",
        str(folder / "trees"),
        str(DOCS),
        str(folder / "html"),
    ]
    made = subprocess.run([sys.executable, "-m", "sphinx", *words], capture_output=True, text=True, timeout=600)
    assert made.returncode == 0, made.stderr
    return folder / "html"


@pytest.mark.slow
def test_the_site(site: Path, request: pytest.FixtureRequest) -> None:
    """One test: several would build it once a process."""
    check_links(site)
    chromium = request.getfixturevalue("chromium")
    for width in (1200, 420):
        check_screen(site, chromium, width)


def check_links(site: Path) -> None:
    """Each link within the site leads to a page and a place on it."""
    pages = {path: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}
    places = {path: set(re.findall(r'\bid="([^"]+)"', text)) for path, text in pages.items()}
    dead, seen = [], 0
    for page, text in pages.items():
        for link in set(re.findall(r'<(?:a|img|link|script)\b[^>]*?\b(?:href|src)="([^"]+)"', text)):
            parts = urlsplit(link)
            if parts.scheme or page.name in ("genindex.html", "py-modindex.html", "search.html"):
                continue
            seen += 1
            there = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            if not there.exists() or (parts.fragment and unquote(parts.fragment) not in places.get(there, ())):
                dead.append(f"{page.name}: {link}")
    assert seen > 500
    assert dead == []


def check_screen(site: Path, chromium: Any, width: int) -> None:
    """No page is wider than the screen."""
    chromium.set_window_size(width, 900)
    for name in (
        "index",
        "tour",
        "believe",
        "command_line",
        "data",
        "outputs",
        "limits",
        "peers",
        "generated/commands",
    ):
        chromium.get((site / f"{name}.html").as_uri())
        wide = chromium.execute_script("return document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{name} is {wide} px wider than the screen"
        folder = os.environ.get("MOTIFLENS_SCREENSHOTS")
        if folder:
            chromium.save_screenshot(str(Path(folder) / f"{name.replace('/', '_')}_{width}.png"))
