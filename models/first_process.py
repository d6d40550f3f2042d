"""Which of several processes speaks and writes."""

from __future__ import annotations

import os


def first_process() -> bool:
    """Tell whether this is the first process, by what launchers (lightning, torchrun, SLURM) tell each.

    Examples
    --------
    >>> first_process()
    True
    """
    names = ("RANK", "LOCAL_RANK", "NODE_RANK", "GROUP_RANK", "SLURM_PROCID")
    return all(os.environ.get(name, "0") == "0" for name in names)
