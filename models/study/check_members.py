"""Faults of models that are found before any training."""

from __future__ import annotations

from collections.abc import Sequence

from motiflens.models.data.windows import Windows
from motiflens.models.registry import is_own
from motiflens.models.study.member import Member, finished
from motiflens.models.train import build_for


def check_members(every: Sequence[Member]) -> None:
    """Make each model that is to be trained, and open each kind of data: faults come before any training.

    Raises
    ------
    ValueError, FileNotFoundError
        If a model cannot be made of its settings and data, or gives no logits of them; for data that do not open.
    """
    examples: dict[tuple[object, ...], Windows] = {}
    for member in every:
        if finished(member.run_folder):
            continue
        how = member.recipe()
        kind = (member.set, how.signals, how.ratio, how.use_peak, *member.data_settings.items())
        if kind not in examples:
            examples[kind] = member.open().example
        build_for(member.model.name, examples[kind], how)


def check_own(every: Sequence[Member]) -> None:
    """Check modules of one's own (see `registry.register`), each model and setting on the first data set."""
    first: dict[tuple[str, object], Member] = {}
    for member in every:
        if is_own(member.model.name):
            first.setdefault((member.model.label, member.setting), member)
    check_members(list(first.values()))
