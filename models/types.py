"""Aliases of types that several modules share.

Axis order is (N, C, L): sequences, channels, base pairs. Channels are A, C, G, T and then signals.
"""

from __future__ import annotations

import os
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Path: TypeAlias = str | os.PathLike[str]
Codes: TypeAlias = NDArray[np.uint8]  # 0..3 = A, C, G, T; 4 = any other letter
Floats: TypeAlias = NDArray[np.float32]
Doubles: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Indices: TypeAlias = NDArray[np.signedinteger[Any]]  # whole numbers in any room; see `narrow`
Booleans: TypeAlias = NDArray[np.bool_]
Json: TypeAlias = dict[str, Any]
