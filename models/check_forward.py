"""Whether a module of one's own gives logits of the windows that it is to be trained on."""

from __future__ import annotations

import torch

from motiflens.models.architectures.base import SequenceModel

_ROWS = 2


def check_forward(model: SequenceModel) -> None:
    """Give a model two windows of its length, so that a fault comes before any training.

    Parameters
    ----------
    model
        Its weights, training mode and the random state stay as they are.

    Raises
    ------
    ValueError
        If it gives no logits (N, outputs): several outputs of which none is chosen, or other shapes; or if its
        ``forward`` raises.
    """
    size = model.config
    x = torch.zeros(_ROWS, size["channels"], size["length"])
    x[:, 0] = 1
    meta = torch.zeros(_ROWS, size["meta"]) if size["meta"] else None
    training = model.training
    try:
        with torch.no_grad(), torch.random.fork_rng(devices=[]):
            y = model.eval()(x, meta)
    except ValueError:
        raise
    except Exception as error:
        text = " ".join(str(error).split())
        raise ValueError(
            f"{model.name} cannot read windows of shape {tuple(x.shape)}: {type(error).__name__}: {text}"
        ) from error
    finally:
        model.train(training)
    if y.shape != (_ROWS, model.outputs):
        raise ValueError(f"{model.name} gives {tuple(y.shape)}, expected logits {(_ROWS, model.outputs)}")
