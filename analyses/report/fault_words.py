"""Where a route names nothing: is it the model, or how the model was looked at?"""

from __future__ import annotations

from motiflens.models.types import Json

_WHY = {
    "kernels": "its first layer may hold parts that later layers put together",
    "attention": "its attention does not lie on them, which no reading of it can mend",
    "seqlets": "their attribution gathers into no pattern by this method (--method has others)",
    "denovo": "the sequences alone may hold too few sites to tell",
}


def fault_words(summary: Json) -> list[str]:
    """Say of routes that name nothing whether the model or the route misses.

    Where another route names motifs, the model has learned some. Where none does, the controls tell: a model that
    loses to counting has learned too little; one that does not has learned something that the routes, or the known
    motifs, miss. Without controls nothing is said of that.

    Examples
    --------
    >>> routes = {"kernels": {"matched": 3, "left_out": False}, "attention": {"enriched": 0, "left_out": False}}
    >>> print(*fault_words({"routes": routes, "controls": None}))  # doctest: +NORMALIZE_WHITESPACE
    attention names no known motif where kernels does: the model has learned motifs, but its attention does not lie
    on them, which no reading of it can mend.
    """
    taken = {name: route for name, route in summary["routes"].items() if not route["left_out"]}
    counts = {name: route.get("enriched", route.get("matched", 0)) for name, route in taken.items()}
    silent = [name for name, count in counts.items() if not count]
    # De novo discovery and enrichment read sequences: only weights and attributions show what was learned.
    naming = [name for name in ("kernels", "seqlets") if counts.get(name)]
    if naming:
        where = f"{' and '.join(naming)} {'does' if len(naming) == 1 else 'do'}"
        return [
            f"{name} names no known motif where {where}: the model has learned motifs, but {_WHY[name]}."
            for name in silent
        ]
    floor = summary.get("controls")
    if not silent or not floor or not floor["tasks"]:
        return []
    names = " and ".join(silent)
    verb = "names" if len(silent) == 1 else "name"
    if floor["warnings"]:
        return [f"That {names} {verb} no known motif is the model's fault: it loses to counting, as said above."]
    return [
        f"{names} {verb} no known motif, though the model ranks windows better than counting does: it has learned "
        "something that these routes miss, or that is not among the known motifs (--targets)."
    ]
