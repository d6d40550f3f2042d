"""Where compiled code cannot be kept, the line says where, and what to do."""

from __future__ import annotations

import errno
import importlib.util
from pathlib import Path

import pytest
from numba.core import caching

from motiflens.analyses.cli.failure import BAD_INPUT, failure


def test_a_read_only_installation_without_a_cache() -> None:
    """ "RuntimeError: cannot cache function '_p_values': no locator available": a fault of ours, it said."""
    given = RuntimeError("cannot cache function '_p_values': no locator available for file '/opt/m/pvalues.py'")
    line, code = failure(given)
    assert code == BAD_INPUT
    assert line == (
        "there is no place for compiled code: neither /opt/m nor the user's cache can be written to; set "
        "NUMBA_CACHE_DIR to a folder that can"
    )


def test_a_full_disk_while_compiled_code_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """ "the disk is full ([Errno 28] No space left on device)": of which file?"""
    (tmp_path / "kernel.py").write_text(
        "from numba import njit\n\n@njit(cache=True)\ndef twice(x):\n    return 2 * x\n", encoding="utf-8"
    )
    spec = importlib.util.spec_from_file_location("kernel_of_test", tmp_path / "kernel.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(caching.IndexDataCacheFile, "save", full)
    with pytest.raises(OSError, match="No space left") as raised:
        module.twice(2)
    line, code = failure(raised.value)
    assert code == BAD_INPUT
    assert f"the disk is full (writing compiled code in {tmp_path}" in line
    assert "NUMBA_CACHE_DIR names another folder" in line
