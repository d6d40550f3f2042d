"""Does a model look where the factor binds? Attention and attributions against ChIP-seq fold change.

DeepGRN's comparison (Chen et al. 2021) keeps, for every window, the channel that correlates best. That choice is
made by the outcome, so the figure is inflated: channels of noise reach high values too. Here the mean over
channels counts, and every figure stands beside what it would be by chance, and beside what the average window
alone explains: windows are centred on peaks, so that any profile that is highest in the middle correlates with
fold change, whatever the sequence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from motiflens.models.lazy import lazy_exports

if TYPE_CHECKING:
    from motiflens.analyses.chip.chip_study import chip_study
    from motiflens.analyses.chip.correlate import Beside, ChipCorrelation, chip_correlation
    from motiflens.analyses.chip.options import ChipOptions
    from motiflens.analyses.chip.profiles import Profiles, chip_profiles, read_tracks
    from motiflens.analyses.chip.shift import shift_slopes

__all__ = [
    "Beside",
    "ChipCorrelation",
    "ChipOptions",
    "Profiles",
    "chip_correlation",
    "chip_profiles",
    "chip_study",
    "read_tracks",
    "shift_slopes",
]
__getattr__ = lazy_exports(
    __name__,
    {
        "Beside": "motiflens.analyses.chip.correlate",
        "ChipCorrelation": "motiflens.analyses.chip.correlate",
        "chip_correlation": "motiflens.analyses.chip.correlate",
        "ChipOptions": "motiflens.analyses.chip.options",
        "Profiles": "motiflens.analyses.chip.profiles",
        "chip_profiles": "motiflens.analyses.chip.profiles",
        "read_tracks": "motiflens.analyses.chip.profiles",
        "chip_study": "motiflens.analyses.chip.chip_study",
        "shift_slopes": "motiflens.analyses.chip.shift",
    },
)
