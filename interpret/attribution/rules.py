"""Preparing a model for DeepLIFT: each nonlinear operation becomes a module that there is a rule for."""

from __future__ import annotations

from typing import Any, Final

import torch
from tangermeme.deep_lift_shap import BilinearOp
from torch import Tensor, nn

from motiflens.interpret.attribution.functions import GlobalMax
from motiflens.models.architectures.geometry import LINEAR, in_parts
from motiflens.models.architectures.layers import AttentionWeights, MatMul, Multiply
from motiflens.models.architectures.recurrent import KerasGRU, KerasLSTM

# Layers that walk along the sequence, (N, T, D) -> outputs at every step and the last state.
_RECURRENT: Final = (nn.RNNBase, KerasLSTM, KerasGRU)

# Modules that are linear in their input in eval mode, or change nothing.
_LINEAR: Final = (*LINEAR, *_RECURRENT)  # recurrent layers within `OneTensor`, which has the rule
# Modules that tangermeme has a rule for.
_RULED: Final = (
    nn.ReLU,
    nn.ReLU6,
    nn.RReLU,
    nn.SELU,
    nn.CELU,
    nn.GELU,
    nn.SiLU,
    nn.Mish,
    nn.GLU,
    nn.ELU,
    nn.LeakyReLU,
    nn.Sigmoid,
    nn.Tanh,
    nn.Softplus,
    nn.Softshrink,
    nn.LogSigmoid,
    nn.PReLU,
    nn.MaxPool1d,
    nn.MaxPool2d,
    nn.Softmax,
    nn.LayerNorm,
    BilinearOp,
)


_ELSE: Final = "use integrated_gradients or ism"


class OneTensor(nn.Module):
    """A recurrent layer as a function of one tensor with the batch first: its outputs at every step."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer
        self.batch_first = bool(getattr(layer, "batch_first", True))

    def forward(self, x: Tensor) -> Tensor:
        if self.batch_first:
            return self.layer(x)[0]
        return self.layer(x.transpose(0, 1))[0].transpose(0, 1)


class Recurrent(nn.Module):
    """Stands in for a recurrent layer, so that DeepLIFT meets a module of one tensor.

    The last state is that of the last layer, (directions, N, H); an LSTM's cell state is not given.
    """

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.inner = OneTensor(layer)
        self.units = int(layer.hidden_size)  # type: ignore[arg-type]
        self.bidirectional = bool(getattr(layer, "bidirectional", True))
        self.cell = isinstance(layer, nn.LSTM | KerasLSTM)

    def forward(self, x: Tensor, state: None = None) -> tuple[Tensor, Any]:
        if not isinstance(x, Tensor):
            raise ValueError(f"DeepLIFT cannot follow a {type(x).__name__}: {_ELSE}")
        if state is not None:
            raise ValueError(f"DeepLIFT cannot follow a recurrent layer's initial state: {_ELSE}")
        batch_first = self.inner.batch_first
        outputs = self.inner(x if batch_first else x.transpose(0, 1))  # N, T, H
        ends = [outputs[:, -1, : self.units]]
        if self.bidirectional:
            ends.append(outputs[:, 0, self.units :])
        last = torch.stack(ends)
        return outputs if batch_first else outputs.transpose(0, 1), (last, _CellState()) if self.cell else last


class WithPlaces(nn.Module):
    """A maximum pooling that gives the places of its maxima as well, for which it is called once more."""

    def __init__(self, layer: nn.MaxPool1d | nn.MaxPool2d | nn.AdaptiveMaxPool1d) -> None:
        super().__init__()
        self.given = (layer,)  # not among the modules, which get hooks
        if isinstance(layer, nn.AdaptiveMaxPool1d):
            self.pool: nn.Module = GlobalMax(_size(layer))
        else:
            self.pool = type(layer)(
                layer.kernel_size, layer.stride, layer.padding, layer.dilation, ceil_mode=layer.ceil_mode
            )

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return self.pool(x), self.given[0](x.detach())[1]


class GlobalMax2d(nn.Module):
    """`nn.AdaptiveMaxPool2d(1)` as the pooling that there is a rule for."""

    def __init__(self) -> None:
        super().__init__()
        self.pool = GlobalMax(1)

    def forward(self, x: Tensor) -> Tensor:
        pooled: Tensor = self.pool(x.flatten(2))
        return pooled[..., None]


def _size(layer: nn.AdaptiveMaxPool1d) -> int:
    size = layer.output_size
    return int(size[0] if isinstance(size, tuple) else size or 0)


class Averaged(nn.Module):
    """Softmax over time for each channel, (N, T, D), then the mean over channels, (N, T)."""

    def __init__(self) -> None:
        super().__init__()
        self.softmax = nn.Softmax(dim=1)

    def forward(self, scores: Tensor) -> Tensor:
        return self.softmax(scores).mean(-1)


class _CellState:
    """Stands where an LSTM's cell state would, and says so as soon as anything is done with it."""

    @classmethod
    def __torch_function__(cls, *_: Any, **__: Any) -> Any:
        raise ValueError(f"DeepLIFT cannot follow an LSTM's cell state: {_ELSE}")

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return self.__torch_function__()

    def __getitem__(self, _: Any) -> Any:
        return self.__torch_function__()


def refuse(model: nn.Module) -> None:
    """Raise ValueError, naming the layer, for what DeepLIFT cannot follow: of a single layer when it is called.

    Call it within `model_unchanged`, which takes the hooks away.
    """
    for name, module in model.named_modules():
        kind = type(module).__name__
        if isinstance(module, torch.jit.ScriptModule | torch.jit.ScriptFunction):
            raise ValueError(f"DeepLIFT cannot look into {name or 'a model'} that is scripted or traced: {_ELSE}")
        if in_parts(module):
            raise ValueError(
                f"DeepLIFT cannot follow a program of {module.windows_at_once} windows at a time: {_ELSE}, "
                "or export it with the first axis open (dynamic_shapes)"
            )
        if isinstance(module, nn.RNNCellBase):
            _refuse_when_called(module, f"{name}, an {kind}, which is called step by step")
        if isinstance(module, nn.LSTM) and module.proj_size:
            _refuse_when_called(module, f"{name}, an LSTM with proj_size={module.proj_size}")


def _refuse_when_called(module: nn.Module, what: str) -> None:
    def refusal(*_: Any) -> None:
        raise ValueError(f"DeepLIFT has no rule for {what}: {_ELSE}")

    module.register_forward_pre_hook(refusal)


def ruled(model: nn.Module) -> None:
    """Swap, in place, what DeepLIFT has no rule for by its equal that has one. Errors as in `refuse`.

    Call it within `model_unchanged`, which undoes it.
    """
    refuse(model)
    for module in list(model.modules()):
        if getattr(module, "inplace", False):
            module.inplace = False  # type: ignore[assignment]
        for name, child in list(module.named_children()):
            stand_in = _stand_in(child)
            if stand_in is not None:
                setattr(module, name, stand_in.eval())


def _stand_in(module: nn.Module) -> nn.Module | None:
    if isinstance(module, _RECURRENT) and not getattr(module, "proj_size", 0):
        return Recurrent(module)
    if isinstance(module, AttentionWeights):
        if module.average:
            return Averaged()
        return nn.Softmax(dim=1 if module.kind == "channel" else -1)
    if isinstance(module, Multiply):
        return BilinearOp("...,...->...")
    if isinstance(module, MatMul):
        return BilinearOp()
    if isinstance(module, nn.MaxPool1d | nn.MaxPool2d | nn.AdaptiveMaxPool1d) and module.return_indices:
        return WithPlaces(module)
    if isinstance(module, nn.AdaptiveMaxPool1d):
        return GlobalMax(_size(module)) if _size(module) else None
    if (
        isinstance(module, nn.AdaptiveMaxPool2d)
        and module.output_size in (1, (1, 1))
        and not module.return_indices
    ):
        return GlobalMax2d()
    return None


def unruled_types(model: nn.Module) -> set[type[nn.Module]]:
    """Return the types of the model's leaf modules of which it is unknown whether they are linear.

    Each gets the integrated gradients of the module, which is exact for linear ones too.
    """
    leaves = {type(module) for module in model.modules() if not list(module.children())}
    return {kind for kind in leaves if kind not in _RULED and not issubclass(kind, _LINEAR)}
