"""Sizes as the papers and the published files have them."""

from __future__ import annotations

from typing import Any

import pytest

from motiflens.models.registry import build

GRN = {"length": 1002, "channels": 6, "meta": 14}


def _one_d(kernels: int, units: int, dense: int, *, layers: int = 0, kernel_size: int = 34) -> dict[str, Any]:
    return {
        **GRN,
        "attention": "single1d",
        "kernels": kernels,
        "kernel_size": kernel_size,
        "units": units,
        "dense": dense,
        "dense_layers": layers,
    }


@pytest.mark.parametrize(
    ("name", "options", "expected"),
    [
        ("tbinet", {"length": 1000, "outputs": 690}, 35_515_816),
        ("danq", {"length": 1000, "outputs": 919}, 46_926_479),
        # 8·4·320 + 320, 8·320·480 + 480, 8·480·960 + 960; T = 993 → 248 → 241 → 60 → 53
        (
            "deepsea",
            {"length": 1000, "outputs": 919},
            10560 + 1229280 + 3687360 + 53 * 960 * 925 + 925 + 926 * 919,
        ),
        ("saresnet", {"length": 101}, 443_269),
        ("deepgrn", GRN, 316_225),  # EGR1_single
        ("deepgrn", {**GRN, "attention": "pairwise"}, 324_353),  # EGR1_pair
        ("deepgrn", _one_d(128, 64, 128), 192_897),  # FOXA1_single
        ("deepgrn", _one_d(64, 32, 128, layers=1, kernel_size=30), 100_225),  # FOXA2_single
        ("deepgrn", _one_d(64, 64, 128), 134_657),  # HNF4A_single
        ("deepgrn", _one_d(64, 64, 64), 100_801),  # MAX_single
        (
            "deepgrn",
            {**_one_d(64, 64, 64, layers=1, kernel_size=15), "channels": 5, "meta": 0},
            95_809,
        ),  # NANOG_single
        ("deepgrn", _one_d(128, 32, 128), 127_105),  # REST_single
        ("factornet", {"length": 1002, "channels": 6, "meta": 8, "dense": 64}, 262_529),
        ("factornet", {"length": 1002, "channels": 5, "dense": 64}, 256_769),
        # 16 detectors of 24; threshold; 32 hidden; one output
        ("deepbind", {"length": 101}, 16 * 24 * 4 + 16 + 17 * 32 + 33),
        ("cnn_zeng", {"length": 101}, 128 * 24 * 4 + 128 + 129 * 32 + 33),
        # 21 wide from 4 channels; eight dilated convolutions of width 3; counts
        ("bpnet", {"length": 2114}, 64 * 21 * 4 + 64 + 8 * (64 * 64 * 3 + 64) + 65),
        ("expectation_luo", {"length": 101}, 128 * 24 * 4 + 128 + 129 * 32 + 33),
        # 1,025 vectors of 100; two directions of 3 gates with 100 inputs, 80 states, a bias; 160 → 1
        ("kegru", {"length": 101}, 1025 * 100 + 2 * 3 * 80 * (100 + 80 + 1) + 161),
    ],
)
def test_trainable_parameters(name: str, options: dict[str, Any], expected: int) -> None:
    model = build(name, **options)
    assert sum(p.numel() for p in model.parameters() if p.requires_grad) == expected


@pytest.mark.parametrize(
    ("name", "length", "options", "positions"),
    [
        ("tbinet", 1000, {}, 75),
        ("deepgrn", 1002, {"kernel_size": 34, "attention": "pairwise"}, 57),
        ("deepgrn", 1002, {"kernel_size": 30, "attention": "pairwise"}, 64),
        ("deepgrn", 1002, {"kernel_size": 15, "attention": "pairwise"}, 141),
    ],
)
def test_positions(name: str, length: int, options: dict[str, Any], positions: int) -> None:
    model = build(name, length=length, **options)
    if name == "tbinet":
        assert model.dense.in_features == positions * 640  # type: ignore[union-attr]
    else:
        assert model.attention.positions.shape[0] == positions  # type: ignore[union-attr]
