"""Names of the architectures for help and completion, without importing any; a test compares them."""

from __future__ import annotations

MODEL_NAMES = (
    *("bpnet", "cnn_zeng", "danq", "deepbind", "deepgrn", "deepsea", "deeptf", "expectation_luo", "factornet"),
    *("gkm_svm", "kegru", "kmer_logistic", "pwm", "saresnet", "tbinet"),
)
MODEL_HELP = f"Architecture: {', '.join(MODEL_NAMES)}, or one of --plugin."


def complete_model(incomplete: str) -> list[str]:
    """Return the names that begin so.

    Examples
    --------
    >>> complete_model("deepg")
    ['deepgrn']
    """
    return [name for name in MODEL_NAMES if name.startswith(incomplete)]
