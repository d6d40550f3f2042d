"""BPNet's two heads: bpnet-lite's formulas by hand, training on base-wise tracks, and their reductions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from motiflens.interpret.attribution.attribute import attribute
from motiflens.interpret.attribution.options import AttributionOptions
from motiflens.models import build, open_run, save_run
from motiflens.models.data.profile_tracks import profile_tracks
from motiflens.models.data.windows import ArrayWindows, Dataset
from motiflens.models.loader import CodeCache, read_step
from motiflens.models.output import one_output
from motiflens.models.profile_loss import log_counts_error, multinomial_nll, profile_loss

LENGTH, PROFILE = 120, 40
SMALL = {"kernels": 6, "kernel_size": 9, "dilations": 2}


def windows(count: int = 64, tracks: bool = True) -> ArrayWindows:
    """A site in half of the windows; reads end about it."""
    rng = np.random.default_rng(0)
    codes = rng.integers(0, 4, (count, LENGTH)).astype(np.uint8)
    labels = (np.arange(count) % 2).astype(np.float32)[:, None]
    fold = np.full((count, LENGTH), 0.1, np.float32)
    for row in np.flatnonzero(labels[:, 0]):
        at = int(rng.integers(42, 66))
        codes[row, at : at + 8] = [2, 0, 3, 3, 0, 1, 0, 2]
        fold[row, at : at + 8] += 5
    return ArrayWindows(codes, labels, tasks=("a",), tracks={"fold_change": fold} if tracks else None)


def test_multinomial_is_torchs_own() -> None:
    generator = torch.Generator().manual_seed(0)
    logits = torch.randn(3, 2, 9, generator=generator)
    counts = torch.randint(0, 7, (3, 2, 9), generator=generator).float()
    losses = multinomial_nll(logits, counts)
    for row in range(3):
        for task in range(2):
            total = int(counts[row, task].sum())
            law = torch.distributions.Multinomial(total, logits=logits[row, task])
            torch.testing.assert_close(losses[row, task], -law.log_prob(counts[row, task]), rtol=1e-5, atol=1e-4)


def test_loss_by_hand() -> None:
    """Two bases, counts 3 and 1, even logits, log counts 2: log 2⁴ − log 4 + (2 − log 5)²."""
    counts = torch.tensor([[[3.0, 1.0]]])
    expected = 4 * np.log(2) - np.log(4) + (2 - np.log(5)) ** 2
    loss = profile_loss(torch.zeros(1, 1, 2), torch.tensor([[2.0]]), counts)
    assert float(loss) == pytest.approx(expected, abs=1e-5)
    assert float(log_counts_error(torch.tensor([[2.0]]), counts)) == pytest.approx((2 - np.log(5)) ** 2, abs=1e-6)


def test_heads_by_hand() -> None:
    """As bpnet-lite: the profile is cut from a padded convolution, the counts are of the mean of what it sees."""
    torch.manual_seed(0)
    model = build("bpnet", length=LENGTH, outputs=2, profile=PROFILE, profile_kernel=11, **SMALL).eval()
    x = torch.eye(4)[torch.randint(0, 4, (3, LENGTH))].transpose(1, 2)
    with torch.no_grad():
        h = functional.relu(functional.conv1d(x, model.conv.weight, model.conv.bias, padding=4))
        for i, conv in enumerate(model.dilated, start=1):
            h = h + functional.relu(functional.conv1d(h, conv.weight, conv.bias, padding=2**i, dilation=2**i))
        head = model.profile_head
        profile = functional.conv1d(h, head.weight, head.bias, padding=5)[:, :, 40:80]
        counts = h[:, :, 35:85].mean(-1) @ model.output.weight.T + model.output.bias
        heads = model.all_heads(x)
        torch.testing.assert_close(heads["profile"], profile, rtol=0, atol=1e-6)
        torch.testing.assert_close(heads["counts"], counts, rtol=0, atol=1e-6)
        torch.testing.assert_close(model(x), counts, rtol=0, atol=1e-6)
        with one_output(model, "profile:log_counts"):
            torch.testing.assert_close(model(x), profile.logsumexp(-1), rtol=0, atol=1e-5)
        with one_output(model, "profile:weighted"):
            torch.testing.assert_close(model(x), (profile * profile.softmax(-1)).sum(-1), rtol=0, atol=1e-5)


def test_without_tracks_the_counts_stand_for_the_labels() -> None:
    model = build("bpnet", length=LENGTH, **SMALL)
    assert model.profile_head is None
    assert set(model.all_heads(torch.zeros(1, 4, LENGTH))) == {"counts"}
    assert len(model.training_logits(torch.zeros(1, 4, LENGTH))) == 1


def test_batches_carry_the_middle_of_the_tracks_turned_with_their_windows() -> None:
    own = windows(4)
    step = read_step(CodeCache(own, profile=PROFILE), np.arange(4), np.array([False, True, False, True]), 4)
    tracks = profile_tracks(own, np.arange(4), PROFILE)
    assert tracks.shape == (4, 1, PROFILE)
    assert step.tracks is not None
    np.testing.assert_array_equal(step.tracks[0], tracks[0])
    np.testing.assert_array_equal(step.tracks[1], tracks[1, :, ::-1])
    with pytest.raises(ValueError, match="needs a track of each task, and a has none"):
        CodeCache(windows(4, tracks=False), profile=PROFILE)


def test_training(tmp_path: Path) -> None:
    """Counts rank bound windows first and the profile's middle of mass lies at the site; --output reads either."""
    from motiflens.models.recipes import Recipe
    from motiflens.models.train import train

    own = windows(240)
    parts = {"train": own, "valid": own.subset(np.arange(60)), "test": own.subset(np.arange(60, 240))}
    dataset = Dataset("made up", "arrays", parts, "0" * 16)
    sizes = {**SMALL, "kernels": 8, "profile": PROFILE, "profile_kernel": 11}
    recipe = Recipe(rate=1e-2, batch=20, epochs=20, patience=20, reverse_complement=False, hyperparameters=sizes)
    run = train("bpnet", dataset, tmp_path / "run", recipe=recipe, seed=1)
    x = torch.eye(4)[torch.from_numpy(own.codes(np.arange(240)).astype(np.int64))].transpose(1, 2)
    with torch.no_grad():
        heads = run.model.all_heads(x)
    bound = own.labels[:, 0] == 1
    counts = heads["counts"][:, 0].numpy()
    assert (counts[bound][:, None] > counts[~bound]).mean() > 0.9
    tracks = torch.from_numpy(profile_tracks(own, np.arange(240), PROFILE))
    even = multinomial_nll(torch.zeros_like(heads["profile"]), tracks)[bound].mean()
    assert float(multinomial_nll(heads["profile"], tracks)[bound].mean()) < 0.9 * float(even)
    options = AttributionOptions("input_x_gradient", output="profile:weighted")
    of_profile = attribute(run.model, x[:2].numpy(), options).scores
    of_counts = attribute(run.model, x[:2].numpy(), AttributionOptions("input_x_gradient")).scores
    assert np.abs(of_profile - of_counts).max() > 0


def test_a_run_keeps_its_heads(tmp_path: Path) -> None:
    model = build("bpnet", length=LENGTH, profile=PROFILE, **SMALL).eval()
    again = open_run(save_run(tmp_path / "run", model, {"tasks": ["a"]})).model
    x = torch.eye(4)[torch.randint(0, 4, (1, LENGTH))].transpose(1, 2)
    torch.testing.assert_close(again.all_heads(x)["profile"], model.all_heads(x)["profile"], rtol=0, atol=0)


@pytest.mark.parametrize("sizes", [{"profile": LENGTH + 1}, {"profile": 4, "profile_kernel": 10}])
def test_sizes_that_cannot_be(sizes: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="expected 0 to 120, an odd number"):
        build("bpnet", length=LENGTH, **SMALL, **sizes)
