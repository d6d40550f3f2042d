"""The pages that are written from the code hold every command and every public function."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

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
    assert "| `--out`" in page


def test_every_public_function_is_listed(generate: ModuleType) -> None:
    page = generate.api_page()
    for where in ("models.registry.build", "interpret.adapter.adapt", "analyses.motifs.find_motifs.find_motifs"):
        assert f":: motiflens.{where}\n" in page
    listed = re.findall(r":: (\S+)", page)
    assert len(listed) == len(set(listed)) > 60


def test_each_page_is_in_the_contents() -> None:
    index = (DOCS / "index.md").read_text(encoding="utf-8")
    for page in DOCS.glob("*.md"):
        assert page.stem == "index" or re.search(rf"^{page.stem}$", index, re.MULTILINE), page.name


def test_python_of_the_tour_runs() -> None:
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / "tour.md").read_text(encoding="utf-8"), re.DOTALL)
    assert blocks
    for block in blocks:
        exec(compile(block, "tour.md", "exec"), {})
