"""How the motif engines' kernels are compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numba

Kernel = TypeVar("Kernel", bound=Callable[..., Any])


def compiled(signature: str, *, fastmath: frozenset[str] = frozenset()) -> Callable[[Kernel], Kernel]:
    """Compile a function for one signature when its module is imported, once a machine; threads run beside it.

    Numba's wrapper for C callbacks is left out, and its check of each division: both take long to compile.
    `fastmath` names what LLVM may do to sums and products (none by default: results are IEEE 754's).
    """
    made: Callable[[Kernel], Kernel] = numba.njit(  # type: ignore[call-overload]
        signature,
        cache=True,
        nogil=True,
        error_model="numpy",
        no_cfunc_wrapper=True,
        fastmath=set(fastmath),
    )
    return made
