"""The report's sentences: what was found, and how."""

from __future__ import annotations

from typing import NamedTuple

from motiflens.analyses.report.fault_words import fault_words
from motiflens.models.amount import amount
from motiflens.models.controls import CONTROLS, NAMES
from motiflens.models.types import Json


def _listing(names: list[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if len(names) > 1 else "") + names[-1] if names else "none"


class Answer(NamedTuple):
    """What a reader asks first, and what the summary answers."""

    question: str
    sentences: list[str]


def summary_words(summary: Json) -> list[Answer]:
    """Return the summary in the order in which it is asked for; questions without an answer are left out."""
    answers = [
        Answer("Does the model know more than simple counting?", control_words(summary)),
        Answer("Which of its factors did it find?", factor_words(summary["factors"])),
        Answer("Could that be chance?", _chance_words(summary)),
        Answer("What did each route find?", [*_route_words(summary), *fault_words(summary)]),
    ]
    return [answer for answer in answers if answer.sentences]


def _route_words(summary: Json) -> list[str]:
    """Say what each route found, and on what it rests."""
    alpha = summary["parameters"]["alpha"]
    sentences = []
    for route, values in summary["routes"].items():
        if values["left_out"]:
            sentences.append(f"Route {route} was not possible: {values['note']}.")
            continue
        if route == "attention":
            sentences.append(_attention_words(values, alpha))
            continue
        text = (
            f"Route {route}: {amount(values['motifs'], 'motif')}; {values['passed']:,} hold enough information to "
            f"be judged (the gate), and {values['matched']:,} of these match a known motif at q < {alpha:g}, of "
            f"{amount(values['families'], 'family', 'families')}."
        )
        sentences.append(text + (f" Used: {values['note']}." if values["note"] else ""))
    return sentences


def _chance_words(summary: Json) -> list[str]:
    """Say how many kernels match, beside each null."""
    told, total = "", ""
    for name, what in (
        ("column_shuffled", "with the positions of the kernels permuted"),
        ("untrained", "in untrained models of the same architecture"),
    ):
        null = summary["nulls"].get(name)
        if null and null["null_mean"] is not None:
            low, high = null["null_interval"]
            total = f"{null['observed']:,} of {amount(null['total'], 'kernel')} match a known motif"
            told += (
                f"; {what}, {null['null_mean']:.2g} do on average (95 % between {low:.3g} and {high:.3g}, "
                f"p = {null['p']:.2g})"
            )
    return [f"{total}{told}."] if told else []


def control_words(summary: Json) -> list[str]:
    """Return how well the model ranks windows beside the controls, and a warning where it loses."""
    floor = summary.get("controls")
    if not floor:
        return []
    if not floor["tasks"]:
        return [f"Controls were not measured: {'; '.join(floor['warnings'])}."]
    means = "; ".join(f"{NAMES[name]} {floor[name]:.3f}" for name in CONTROLS if name in floor)
    text = (
        f"On the {summary['data']['split']} windows the model's auROC is {floor['model']:.3f} (mean of "
        f"{amount(floor['tasks'], 'task')}); fitted to the same training windows, {means}."
    )
    if floor["warnings"]:
        more = len(floor["warnings"]) - 3
        text += f" Warning: {'; '.join(floor['warnings'][:3])}{f'; and {more} more' if more > 0 else ''}."
        text += " A model that loses to counting has little to tell about these."
    return [text]


def factor_words(factors: Json) -> list[str]:
    """Return which of the factors that the model was trained on its motifs name."""
    words = []
    if factors["trained_on"]:
        matched, chance = factors["found_by_kernels"], factors["found_by_untrained_kernels"]
        text = (
            f"Of the {amount(len(factors['trained_on']), 'factor')} that the model was trained on, kernels name "
            f"the family of {len(matched)}: {_listing(matched)}; a match of any route names "
            f"{_listing(factors['found_by_any_route'])}."
        )
        if factors.get("enriched_at_attention"):
            text += f" At maximum attention, motifs of {_listing(factors['enriched_at_attention'])} are enriched."
        if chance:
            text += f" Untrained kernels ({amount(len(chance), 'model')}) name at most {max(chance)}."
        where = factors.get("taken_from", {})
        if len(where) == 1:
            text += f" The factor is named by {next(iter(where.values()))}; --factor names another."
        words.append(text)
    if factors.get("unknown"):
        words.append(
            f"Unknown factor: no factor with a known motif is named by {_listing(factors['unknown'][:5])}"
            f"{' and others' if len(factors['unknown']) > 5 else ''}, so that nothing can be said of whether it "
            "was found; --factor names it."
        )
    return words


def _attention_words(values: Json, alpha: float) -> str:
    """Say what the attention route found: enrichment counts, matching would be circular."""
    text = (
        f"Route attention: {amount(values['motifs'], 'distinct known motif')} enriched where the model looks "
        "most, over other places of the same windows with as many G and C and over the same places shuffled "
        f"(q < {alpha:g}). Their matrices are made of their own hits: they are not matched, and count as no match."
    )
    if values.get("enriched_of_shuffled"):
        shuffled = [f"{count:,}" for count in values["enriched_of_shuffled"]]
        text += (
            f" Of all known motifs {values['enriched']:,} are enriched, similar ones among them; with the "
            f"attended places shuffled, {_listing(shuffled)}."
        )
    return text


def uncorrected_words(summary: Json) -> list[str]:
    """Return the paper's own count, labelled as what it is."""
    count = summary["uncorrected"]["kernels"]
    if count is None:
        return []
    return [f"For comparison with the papers, not corrected: {count:,} {summary['uncorrected']['what']}."]


def cluster_words(content: Json) -> list[str]:
    """Return what the clusters say."""
    if not content.get("labels"):
        return []
    words = [
        f"By similarity of the matrices ({content['distance']}, cut at {content['cut']:g}) the "
        f"{amount(len(content['labels']), 'motif')} that passed the gate make "
        f"{amount(content['clusters'], 'cluster')}."
    ]
    agreement = content.get("adjusted_rand") or {}
    if agreement:
        each = ", ".join(f"{value:.2f} at d = {d}" for d, value in agreement.items())
        words.append(f"Adjusted Rand index between these and the clusters by edit distance: {each}.")
    return words


def methods(summary: Json) -> list[str]:
    """Return the methods paragraph, from the parameters that were in force."""
    p, routes, data = summary["parameters"], summary["routes"], summary["data"]
    versions = summary["made_by"]["versions"]
    parts = []
    if "kernels" in routes:
        limit = "0" if p["kernel_threshold"] == "zero" else "half of the kernel's largest activation"
        parts.append(
            f"Kernels: the best-activating subsequence of each {data['split']} window with an activation above "
            f"{limit} was counted into a position probability matrix."
        )
    if "attention" in routes or "denovo" in routes:
        at = "the exact centre of the field" if p["scaling"] == "field" else "the authors' linear scaling"
        limit = p["flat_dnase"]
        flat = f", without a distinct DNase peak (max/mean < {limit:g}) where DNase is known" if limit else ""
        parts.append(
            f"Attention: {p['width']} bp about {at} of the position of largest attention were cut out of windows "
            f"that are positive and predicted above {p['least_prediction']:g}{flat}; "
            "places of both strands that overlap count once; windows with a hit of a known motif (p < "
            f"{p['hit_p']:g}) "
            "were tested by Fisher's exact test against other places of the same windows with as many G and C, "
            "and "
            "against the same places with their dinucleotides shuffled (the stricter counts), with Benjamini and "
            "Hochberg's q over the matrices."
        )
    if "seqlets" in routes:
        parts.append(
            f"Seqlets: stretches of high attribution ({p['method']}), aligned and clustered into matrices."
        )
    gate = ", ".join(f"{key} {value:g}" for key, value in p["gate"].items() if isinstance(value, int | float))
    distance = "Euclidean distance" if p["distance"] == "ed" else "Pearson correlation"
    parts.append(
        f"Matching: motifs were trimmed and gated by information ({gate}), and compared with "
        f"{summary['targets']['count']:,} matrices of {summary['targets']['source']} by TOMTOM's statistic "
        f"({distance}, complete scoring, both strands). "
        "A motif's q is the larger of Benjamini and Hochberg's over the motifs of its route and the rate at which "
        f"these match with their positions permuted ({p['shuffles']} permutations of the whole set)."
    )
    made = ", ".join(f"{name} {version}" for name, version in versions.items())
    parts.append(f"Versions: {made}. Seed {p['seed']}.")
    return parts
