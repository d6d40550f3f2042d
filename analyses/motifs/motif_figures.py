"""The pictures of a run's motifs, one motif each."""

from __future__ import annotations

from motiflens.analyses.figures.aligned_kernels import MOST, aligned_kernels, aligned_to
from motiflens.analyses.figures.motif_windows import motif_windows
from motiflens.analyses.motifs.motif_findings import MotifFindings
from motiflens.analyses.motifs.motif_profiles import MotifProfile
from motiflens.analyses.study import StudyFigure

TARGETS = 8  # known motifs whose kernels are drawn


def motif_figures(findings: MotifFindings, profiles: list[MotifProfile]) -> list[StudyFigure]:
    """Draw the windows of each motif at maximum attention, and the kernels of each known motif below its logo."""
    length = findings.context.windows.length
    figures = []
    for profile in profiles:
        dnase = (
            ""
            if profile.dnase is None
            else (
                " Below: DNase of the same windows in the same order, and its mean about the sites, along each "
                "site's "
                "strand, with 95 % of the mean (sites of overlapping windows are not independent)."
            )
        )
        caption = (
            f"{profile.label} ({profile.name}): the {len(profile.places):,} windows whose attended place holds it "
            "(p of a hit as in the methods), ordered by its place (white line), and where it stands. That "
            "attention "
            f"is high at the line is by construction: the motif was looked for at maximum attention.{dnase}"
        )
        figures.append(StudyFigure(f"attention_{profile.name}", motif_windows(profile, length), caption))
    matched = findings.significant
    kernels = matched[matched["route"] == "kernels"]
    known = {target.name: target for target in findings.context.targets}
    for name, count in kernels["target_id"].value_counts().head(TARGETS).items():
        target = known[str(name)]
        placed = aligned_to(target, findings.motifs, kernels[kernels["target_id"] == name])
        some = f"the first {MOST} of {count}" if count > MOST else f"the {count}"
        caption = (
            f"{target.alt or name} ({name}, on top) and {some} kernels that match it best at q < "
            f"{findings.context.options.alpha:g}, at their offsets and on its strand (- : drawn "
            "reverse-complemented); "
            "shaded: the known motif. Heights: bits, 0 to 2."
        )
        figures.append(StudyFigure(f"kernels_{name}", aligned_kernels(target, placed), caption))
    return figures
