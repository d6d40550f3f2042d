"""What a store holds of some windows: one piece of it, in a file of its own until all pieces are there."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from motiflens.interpret.results import Attention, Attribution, Field
from motiflens.interpret.scaled import half_precision
from motiflens.models import types
from motiflens.models.files import write_whole
from motiflens.models.types import Codes, Json

PRECISIONS = ("float32", "float16")
_START, _ABOUT = "attention.start", "about"  # no window's: where fields begin, and what JSON tells


class StoreBlock(NamedTuple):
    """Arrays of some windows.

    Attributes
    ----------
    values
        Name of the dataset (see `Store`) -> (n, …).
    field, layer, kind
        Of the attention, see `Attention`; None and empty without.
    without_rule
        See `Attribution`.
    """

    values: dict[str, Any]
    field: Field | None = None
    layer: str = ""
    kind: str = ""
    without_rule: tuple[str, ...] = ()


def store_block(
    codes: Codes,
    attribution: Attribution,
    attention: dict[str, Attention],
    *,
    hypothetical: bool = False,
    precision: str = "float32",
) -> StoreBlock:
    """Return what a store keeps of some windows.

    Parameters
    ----------
    codes
        (n, L) bases.
    attribution
        Of those windows.
    attention
        Strand -> theirs; empty without attention.
    hypothetical
        Keep hypothetical scores too, where the method has them.
    precision
        ``float32`` or ``float16`` (channels of windows divided by powers of two; see `half_precision`).
    """
    values: dict[str, Any] = {
        "codes": codes,
        "scores": attribution.scores,
        "prediction": attribution.prediction,
    }
    if hypothetical and attribution.hypothetical is not None:
        values["hypothetical"] = attribution.hypothetical[:, :4]
    for name in ("completeness", "flagged", "unexplained"):
        given = getattr(attribution, name)
        if given is not None:
            values[name] = given
    for name in ("scores", "hypothetical"):
        if name not in values:
            continue
        if precision == "float16":
            values[name], values[f"{name}_power"] = half_precision(values[name])
        else:
            values[name] = values[name].astype(precision, copy=False)
    for strand, seen in attention.items():
        values[f"attention/{strand}"] = seen.profile
    one = next(iter(attention.values()), None)
    rules = tuple(attribution.without_rule)
    if one is None:
        return StoreBlock(values, without_rule=rules)
    return StoreBlock(values, one.field, one.layer, one.kind, rules)


def write_block(path: types.Path, block: StoreBlock) -> None:
    """Write a block into a ``.npz``, whole."""
    field = block.field
    about: Json = {"layer": block.layer, "kind": block.kind, "without_rule": list(block.without_rule)}
    more: dict[str, Any] = {}
    if field is not None:
        about |= {"width": int(field.width), "nominal": bool(field.nominal)}
        more[_START] = field.start
    with write_whole(path) as part, part.open("wb") as file:
        arrays: Any = {**block.values, **more, _ABOUT: np.array(json.dumps(about))}
        np.savez(file, **arrays)


def read_block(path: types.Path) -> StoreBlock:
    """Read what `write_block` wrote.

    Raises
    ------
    ValueError
        If the file is damaged; the message names it.
    """
    try:
        with np.load(Path(path), allow_pickle=False) as file:
            values = {name: file[name] for name in file.files}
        about = json.loads(str(values.pop(_ABOUT)))
        start = values.pop(_START, None)
        field = None if start is None else Field(start, about["width"], about["nominal"])
        return StoreBlock(values, field, about["layer"], about["kind"], tuple(about["without_rule"]))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is damaged ({error}): remove it, and run the same command again") from error
