"""What was found of a model's motifs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from motiflens.analyses.motifs.attended import Attended
from motiflens.analyses.motifs.cluster_motifs import MotifClusters
from motiflens.analyses.motifs.kernel_chance import KernelChance
from motiflens.analyses.motifs.model_floor import ModelFloor
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.motif_context import MotifContext
from motiflens.analyses.motifs.naming import Named
from motiflens.analyses.motifs.routes.route_result import RouteResult
from motiflens.analyses.motifs.significant import significant
from motiflens.analyses.motifs.subsequences import Subsequences
from motiflens.models.types import Json


@dataclass(frozen=True)
class MotifFindings:
    """Motifs of a model, their names, and how sure these are.

    Attributes
    ----------
    context
        The run, its data and the options.
    routes
        Route -> what it gave, also those left out.
    motifs, passed
        All routes' motifs, trimmed, and whether each passed the information gate.
    named
        Route -> the matches of its passed motifs: each route is a family of tests of its own. Attention's motifs
        are hits of known ones and are not matched.
    attended
        What the bases at maximum attention hold, where they were read.
    chance
        Matching kernels beside the nulls.
    table
        One row a motif, best first: ``motifs.tsv``.
    clusters
        Of the motifs that passed.
    families, factors
        Matched motifs by the family of their target; which factors that the model was trained on were found.
    floor
        The model's measures beside those of controls.
    seconds
        Step -> time taken.
    summary
        ``summary.json``.
    """

    context: MotifContext
    routes: Mapping[str, RouteResult]
    motifs: tuple[Motif, ...]
    passed: tuple[bool, ...]
    named: Mapping[str, Named]
    attended: Attended | None
    chance: KernelChance
    table: pd.DataFrame
    clusters: MotifClusters
    families: pd.DataFrame
    factors: pd.DataFrame
    floor: ModelFloor
    seconds: Mapping[str, float]
    summary: Json = field(default_factory=dict)

    @property
    def subsequences(self) -> Subsequences | None:
        """The bases at maximum attention, where a route read them."""
        return next((one.subsequences for one in self.routes.values() if one.subsequences is not None), None)

    @property
    def significant(self) -> pd.DataFrame:
        """Rows of the table that match a known motif."""
        return significant(self.table, self.context.options.alpha)
