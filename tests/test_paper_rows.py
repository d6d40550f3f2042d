"""Every row of the papers that a study answers has a place that a user reaches, and a test.

Rows: G, 000/001 DeepGRN; T, 002 TBiNet; S, 003 SAResNet; K, 004 KEGRU; C, the design.
"""

from __future__ import annotations

import ast
import importlib
from pathlib import Path

import pytest

from motiflens.analyses.cli.main import COMMANDS

ROOT = Path(__file__).resolve().parent.parent
# Row -> the command or public function that answers it, and the tests that hold it.
ROWS = {
    row: (place, test)
    for row, place, test in (
        line.split("\t") for line in Path(__file__).with_name("paper_rows.tsv").read_text().splitlines()[1:]
    )
}
# What has to be there: the rows of attention, saliency and studies, by paper and number.
WANTED = (
    *(f"G{number}" for number in range(43, 70)),
    *(f"T{number}" for number in range(10, 22)),
    *(f"S{number}" for number in range(15, 26)),
    *(f"K{number}" for number in range(10, 16)),
    *("C04", "C08", "C13", "C16"),
    # studies and what they are made of
    *("G03", "G07", "G08", "G11", "G12", "G15", "G16", "G18", "G22", "G26", "G28", "G31", "G35"),
    *("K05", "K09", "K16", "K18", "S05", "S07", "S11", "S14", "S26", "S27", "T03", "T04", "T07", "T23"),
    *("G20", "G32", "G40", "G42", "K04", "S02", "S04", "S06"),
)


@pytest.mark.parametrize("row", WANTED)
def test_a_row_is_there(row: str) -> None:
    assert row in ROWS


@pytest.mark.parametrize("row", sorted(ROWS))
def test_a_row_has_a_place_and_a_test(row: str) -> None:
    place, test = ROWS[row]
    if place.startswith("interpret "):
        assert place.split()[1] in COMMANDS
    else:
        module, _, name = place.rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))
    for one in test.split(", "):
        file, _, name = one.partition("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert any(isinstance(node, ast.FunctionDef) and node.name == name for node in ast.walk(tree)), one


def test_the_fixed_commands_are_there() -> None:
    assert {"chip", "attention", "importance", "dnase", "kmers", "evaluate", "compare", "report"} <= set(COMMANDS)


@pytest.mark.parametrize(
    "name",
    [
        *("01_simulated_genome", "02_attention_against_chip", "03_kernel_motifs", "04_transfer"),
        *("05_kmer_embeddings", "06_published_models", "07_your_own_model"),
    ],
)
def test_each_notebook_is_committed_executed(name: str) -> None:
    import json

    notebook = json.loads((ROOT / "notebooks" / f"{name}.ipynb").read_text(encoding="utf-8"))
    cells = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert all(cell["execution_count"] for cell in cells)
    shown = [output.get("data", {}) for cell in cells for output in cell["outputs"]]
    assert any("image/png" in data for data in shown)
    captions = [data for data in shown if "display.Markdown" in "".join(data.get("text/plain", ""))]
    assert all("text/markdown" in data for data in captions), "a reader would see objects, not captions"
