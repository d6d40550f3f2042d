"""Import models of LS-GKM (gkm-SVM): text with a header, then one support window a line."""

from __future__ import annotations

from pathlib import Path

from motiflens.models.architectures.gkm_svm import KERNELS, GkmSVM, gkm_package
from motiflens.models.published.published import BASES, Published

_NAMES = {"L": "word", "k": "informative", "d": "mismatches", "gamma": "gamma", "M": "centre", "H": "decay"}


def import_lsgkm(path: Path, *, length: int | None = None) -> Published:
    """Read a model that LS-GKM's ``gkmtrain`` wrote (``.model.txt``, also ``.gz``).

    Parameters
    ----------
    path
        The file, as ENCODE publishes them too.
    length
        Nominal window length in bp; that of the support windows by default. The model takes any.

    Raises
    ------
    ValueError
        If the file is damaged or of a kernel or task that is not supported, or gkmsvm-lite is not installed.
    """
    package = gkm_package()
    try:
        machine = package.load_lsgkm_model(path)
    except (ValueError, KeyError, IndexError, NotImplementedError, EOFError, UnicodeDecodeError) as error:
        raise ValueError(
            f"{path} is no whole model of LS-GKM ({error}): import the file that gkmtrain wrote"
        ) from None
    if machine.kernel_type not in KERNELS:
        raise ValueError(f"{path} has the kernel {machine.kernel_type}: expected one of {', '.join(KERNELS)}")
    given = machine.kernel_params
    own = {ours: given[theirs] for theirs, ours in _NAMES.items() if theirs in given}
    if "d" not in given:
        own["mismatches"] = own["word"] - own["informative"]
    model = GkmSVM(
        length=length or int(machine.support_sequences.shape[2]),
        kernel=machine.kernel_type,
        both_strands=bool(given.get("include_rc", True)),
        **own,
    )
    model.take([machine])
    return Published(model.eval(), BASES, (), (path.name.split(".")[0],))
