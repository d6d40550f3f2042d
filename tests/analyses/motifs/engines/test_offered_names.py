"""What the packages offer is there."""

from __future__ import annotations

from types import ModuleType

import pytest

from motiflens.analyses import motifs
from motiflens.analyses.motifs import engines


@pytest.mark.parametrize("package", [motifs, engines])
def test_offered_names_are_no_modules(package: ModuleType) -> None:
    for name in package.__all__:
        assert callable(getattr(package, name)), name
