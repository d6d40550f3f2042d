"""Devices, processes and nodes of a training, through lightning's Fabric."""

from __future__ import annotations

import contextlib
import logging
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

from motiflens.models.option_ranges import check_numbers

if TYPE_CHECKING:
    from lightning.fabric import Fabric


@dataclass(frozen=True)
class Machine:
    """Where to train.

    Attributes
    ----------
    devices, nodes
        Processes on each machine, and machines. More than one process divides each batch; the steps taken are
        those of one process.
    accelerator
        ``auto``, ``cpu``, ``cuda``, ``mps``.
    precision
        As lightning names it; None takes bf16 (or fp16) where the device has it, 32 bits otherwise.
    """

    devices: int = 1
    nodes: int = 1
    accelerator: str = "auto"
    precision: str | None = None

    def __post_init__(self) -> None:
        """Check the numbers (see `ranges`), and that the accelerator is there."""
        check_numbers(self)
        check_accelerator(self.accelerator)


def check_accelerator(name: str, dask: str | None = None) -> None:
    """Refuse an accelerator that is unknown, or missing on this machine.

    Parameters
    ----------
    name
        See `Machine`.
    dask
        The scheduler whose machines are to train, if any: what they have is not known here.

    Raises
    ------
    ValueError
        Naming it, and those that can be used.

    Examples
    --------
    >>> check_accelerator("cpu")
    >>> check_accelerator("tpux", dask="scheduler:8786")
    Traceback (most recent call last):
    ...
    ValueError: accelerator 'tpux' is not usable here: expected cuda, gpu, mps, cpu, auto
    """
    there = {"cuda": torch.cuda.is_available(), "gpu": torch.cuda.is_available()}
    there |= {"mps": torch.backends.mps.is_available(), "cpu": True, "auto": True}
    usable = [known for known in there if there[known] or dask is not None]
    if name not in usable:
        raise ValueError(f"accelerator {name!r} is not usable here: expected {', '.join(usable)}")


def make_fabric(machine: Machine) -> Fabric:
    from lightning.fabric import Fabric

    accelerator = "gpu" if machine.accelerator == "cuda" else machine.accelerator
    return Fabric(
        accelerator=accelerator,
        devices=machine.devices,
        num_nodes=machine.nodes,
        strategy="ddp" if machine.devices * machine.nodes > 1 else "auto",
        precision=machine.precision or _precision(accelerator),  # type: ignore[arg-type]
    )


def _precision(accelerator: str) -> str:
    if accelerator not in ("auto", "gpu") or not torch.cuda.is_available():
        return "32-true"
    return "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Silence what lightning says of its own defaults, and nothing else."""
    logger = logging.getLogger("lightning.fabric")
    level = logger.level
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*GPU available but not used.*")
        logger.setLevel(logging.WARNING)
        try:
            yield
        finally:
            logger.setLevel(level)
