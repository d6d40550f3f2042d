"""Entry points that take a model and sequences: odd arrays, half precision, inference mode, what is no base."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from motiflens.analyses.hits import motif_hits
from motiflens.analyses.interactions import InteractionOptions, interactions
from motiflens.analyses.marginalize import Backgrounds, Model, ablate, marginalize, space
from motiflens.analyses.motifs.motif import Motif
from motiflens.analyses.motifs.subsequences import predict as predict_tasks
from motiflens.interpret import SanityOptions, adapt, attribute, dependency_map, sanity, strand_agreement
from motiflens.models import ArrayWindows, Run, build, predict, score
from motiflens.models.architectures.base import SequenceModel
from motiflens.models.data import dinucleotide_shuffle
from motiflens.models.types import Codes

_GENERATOR = np.random.default_rng(0)
CODES = _GENERATOR.integers(0, 4, (24, 64)).astype(np.uint8)
CODES[:, 20:26], CODES[:, 34:40] = [0, 1, 2, 2, 1, 0], [3, 3, 2, 1, 1, 1]
MOTIFS = [
    Motif(name, np.eye(4)[site] * 0.97 + 0.0075)
    for name, site in (("a", [0, 1, 2, 2, 1, 0]), ("b", [3, 3, 2, 1, 1, 1]))
]
LOOSE = InteractionOptions(method="epistasis", least=3, threshold=1e-3)


def _one_hot(codes: Codes) -> Any:
    return np.stack([codes == base for base in range(4)], axis=1).astype(np.float32)


def _windows(codes: Any) -> ArrayWindows:
    return ArrayWindows(codes, (np.arange(len(codes)) % 2).astype(np.float32))


def _run(model: SequenceModel) -> Run:
    return Run(Path(), model, {"tasks": ["t"], "channels": list("ACGT")})


def _within(model: SequenceModel) -> Run:
    """A run whose model was put into half precision after it was opened."""
    run = _run(build("cnn_zeng", length=64, kernels=2, kernel_size=8))
    object.__setattr__(run, "model", model)
    return run


def _backgrounds(codes: Any) -> Backgrounds:
    return Backgrounds(codes, np.zeros((len(codes), 0, 64), dtype=np.float32), None)


def _sanity(model: SequenceModel, codes: Any) -> Any:
    how = SanityOptions(n=4, stages=1, seeds=1, epochs=1, train_windows=16)
    table = sanity(model, _windows(codes), settings=how).table
    return table.loc[table["check"] != "control", "value"].to_numpy(dtype=np.float64)


Entry = Callable[[SequenceModel, Any], Any]


def _attributes(method: str) -> Entry:
    return lambda model, x: attribute(model, x[:2], method=method).scores


ARRAYS: dict[str, Entry] = {
    **{f"attribute {method}": _attributes(method) for method in ("saliency", "ism", "occlusion", "gradient_shap")},
    "adapter.attribute": lambda model, x: adapt(model).attribute(x[:2], method="attention_x_gradient").scores,
    "adapter.attention": lambda model, x: adapt(model).attention(x[:2]).weights,
    "strand_agreement": lambda model, x: strand_agreement(model, x[:2], method="saliency").forward,
    "dependency_map": lambda model, x: dependency_map(model, x[:2], 20, 26).pair,
}
SEQUENCES: dict[str, Entry] = {
    "score": lambda model, codes: np.concatenate(list(score(model, _windows(codes)))),
    "score, both strands": lambda model, codes: np.concatenate(
        list(score(model, _windows(codes), average_strands=True))
    ),
    "predict": lambda model, codes: predict(_within(model), _windows(codes)),
    "predict of the motifs": lambda model, codes: predict_tasks(model, _windows(codes), np.arange(9), [0]),
    "marginalize": lambda model, codes: marginalize(
        Model(_within(model)), MOTIFS, _backgrounds(codes)
    ).effect.to_numpy(),
    "space": lambda model, codes: space(
        Model(_within(model)), (MOTIFS[0], MOTIFS[1]), [3], _backgrounds(codes)
    ).effect.to_numpy(),
    "ablate": lambda model, codes: ablate(
        Model(_within(model)), MOTIFS, _backgrounds(codes), threshold=1e-3
    ).effect.to_numpy(),
    "interactions": lambda model, codes: interactions(
        Model(_within(model)), MOTIFS, _backgrounds(codes), LOOSE
    ).score.to_numpy(),
    "hits": lambda model, codes: motif_hits(
        codes, attribute(model, _one_hot(CODES), method="input_x_gradient").scores.sum(1), MOTIFS
    ).to_numpy(dtype=str),
    "sanity": _sanity,
    "shuffle": lambda _, codes: dinucleotide_shuffle(codes, seed=1),
}
LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "negative strides": lambda values: values[..., ::-1].copy()[..., ::-1],
    "rows and columns turned": lambda values: values[::-1, ..., ::-1].copy()[::-1, ..., ::-1],
    "Fortran's order": np.asfortranarray,
    "wide numbers": lambda values: values.astype(np.float64 if values.ndim == 3 else np.int64),
}


@pytest.fixture(scope="module")
def model() -> SequenceModel:
    """A small model with attention."""
    torch.manual_seed(0)
    return build("tbinet", length=64, kernels=8, kernel_size=8, pool=4, units=4, dense=8).eval()


def _given(name: str) -> Any:
    return _one_hot(CODES) if name in ARRAYS else CODES


@pytest.mark.parametrize("name", [*ARRAYS, *SEQUENCES])
def test_layout_in_memory_and_inference_mode_change_nothing(name: str, model: SequenceModel) -> None:
    entry, given = {**ARRAYS, **SEQUENCES}[name], _given(name)
    wanted = entry(model, given)
    for kind, layout in LAYOUTS.items():
        result = entry(model, layout(given))
        assert result.shape == wanted.shape, kind
        if wanted.dtype.kind == "f":
            np.testing.assert_allclose(result, wanted, rtol=1e-5, atol=1e-6, err_msg=kind)
        else:
            assert (result == wanted).all(), kind
    with torch.inference_mode():
        within = entry(model, torch.from_numpy(given).clone() if name in ARRAYS else given)
    if wanted.dtype.kind == "f":
        np.testing.assert_allclose(within, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", [*ARRAYS, *SEQUENCES])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float64])
def test_models_of_any_precision(name: str, dtype: torch.dtype, model: SequenceModel) -> None:
    """Half precision: the results of the same weights in float32. The model stays as it was."""
    entry, given = {**ARRAYS, **SEQUENCES}[name], _given(name)
    half = copy.deepcopy(model).to(dtype)
    result, wanted = entry(half, given), entry(copy.deepcopy(half).float(), given)
    if wanted.dtype.kind == "f":
        np.testing.assert_allclose(result, wanted, rtol=1e-3, atol=1e-3 * np.abs(wanted).max())
    assert next(half.parameters()).dtype == dtype


@pytest.mark.parametrize("name", list(ARRAYS))
def test_four_quarters_are_an_unknown_base(name: str, model: SequenceModel) -> None:
    x = _one_hot(CODES)[:2]
    x[:, :, 10] = 0.25
    result = ARRAYS[name](model, x)
    if result.ndim == 3 and result.shape[1:] == (4, 64):
        assert (result[:, :, 10] == 0).all()


@pytest.mark.parametrize("name", list(ARRAYS))
def test_what_is_no_base_is_refused_with_its_place(name: str, model: SequenceModel) -> None:
    for column in ([0.5, 0.5, 0, 0], [1, 1, 0, 0], [2, 0, 0, 0], [0.25, 0.25, 0.25, 0], [-1, 1, 1, 0]):
        x = _one_hot(CODES)
        x[1, :, 7] = column
        with pytest.raises(ValueError, match=r"window 1, position 7: .* are no base: expected one-hot"):
            ARRAYS[name](model, x)


@pytest.mark.parametrize("name", list(SEQUENCES))
def test_codes_of_no_base_are_refused_with_their_place(name: str, model: SequenceModel) -> None:
    codes = CODES.copy()
    codes[1, 7] = 9
    with pytest.raises(ValueError, match="window 1, position 7: codes hold 9, which is no base"):
        SEQUENCES[name](model, codes)
    with pytest.raises(ValueError, match=r"codes have the shape \(24, 4, 64\): expected \(windows, bp\)"):
        SEQUENCES[name](model, _one_hot(CODES))


def test_a_run_takes_half_precision_as_float32(model: SequenceModel) -> None:
    assert next(_run(copy.deepcopy(model).bfloat16()).model.parameters()).dtype == torch.float32
    assert _run(model).model is model
