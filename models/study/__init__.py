"""Many data sets, many models: plans, their members, selection, and one table of results."""

from __future__ import annotations

from typing import TYPE_CHECKING

from motiflens.models.lazy import lazy_exports

if TYPE_CHECKING:
    from motiflens.models.study.plan import Plan, read_plan, shipped_plans
    from motiflens.models.study.study import study

__all__ = ["Plan", "read_plan", "shipped_plans", "study"]
__getattr__ = lazy_exports(
    __name__,
    {
        "Plan": "motiflens.models.study.plan",
        "read_plan": "motiflens.models.study.plan",
        "shipped_plans": "motiflens.models.study.plan",
        "study": "motiflens.models.study.study",
    },
)
