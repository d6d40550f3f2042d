"""Messages that list what there is tell when they leave some out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import torch

from motiflens.models import build, open_run, save_run
from motiflens.models.run import task_number

ROOT = Path(__file__).parent.parent
# ", ".join(names[:5]) with nothing after it that says that there are more; `listed` says it.
CUT = re.compile(r"""["'], ["']\.join\([^()]*(?:\([^()]*\))?\[:\d+\]\)(?!.*…)(?!.*more)""")


def test_no_message_cuts_a_list_without_a_word() -> None:
    """The error "choose one of" listed 8 of 14 sets; ten of 690 tasks looked like all of them."""
    found = [
        f"{file.relative_to(ROOT)}:{number}"
        for folder in ("models", "interpret", "analyses")
        for file in sorted((ROOT / folder).rglob("*.py"))
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if CUT.search(line) and "names[:4]" not in line and "factors[:3]" not in line
    ]
    assert found == []


def test_a_run_of_many_tasks_says_that_there_are_more(tmp_path: Path) -> None:
    with torch.random.fork_rng():
        model = build("cnn_zeng", length=40, outputs=14, kernels=2, dense=2)
    run = open_run(save_run(tmp_path / "run", model, {"tasks": [f"TF{i}" for i in range(14)]}))
    with pytest.raises(ValueError, match=r"it has TF0, .*, TF9 and 4 more$"):
        task_number(run, "nothing")
