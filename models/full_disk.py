"""How a full disk is recognised: by the system's numbers, or by what libraries make of them."""

from __future__ import annotations

import errno

FULL = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EFBIG: "the file is larger than the system allows",
}
# What libraries say of it in exceptions of their own (safetensors, h5py, numpy, torch).
_TEXTS = {
    "disk quota exceeded": errno.EDQUOT,
    "file too large": errno.EFBIG,
    "errno = 27": errno.EFBIG,
    "no space left on device": errno.ENOSPC,
    "errno = 28": errno.ENOSPC,
    "requested and": errno.ENOSPC,
    "an error while writing": errno.ENOSPC,
    "iostream error": errno.ENOSPC,
    "pytorchstreamwriter failed": errno.ENOSPC,
}


def full_disk(error: BaseException) -> int | None:
    """Return the system's number of a full disk, a used-up quota or a file that is too large; else None.

    Examples
    --------
    >>> full_disk(OSError(errno.ENOSPC, "No space left on device")) == errno.ENOSPC
    True
    >>> full_disk(RuntimeError("I/O error: File too large (os error 27)")) == errno.EFBIG
    True
    >>> full_disk(ValueError("--step is 0"))
    """
    number = getattr(error, "errno", None)
    if number in FULL:
        return int(number)
    text = " ".join(str(error).split()).lower()
    return next((number for words, number in _TEXTS.items() if words in text), None)
