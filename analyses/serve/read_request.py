"""From a request's body to checked values: nothing that a client sends gets further than this file unchecked."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from motiflens.analyses.serve.limits import Limits
from motiflens.analyses.serve.refused_error import RefusedError

if TYPE_CHECKING:
    from starlette.requests import Request

_LETTERS = frozenset("ACGTNRYSWKMBDHVUacgtnryswkmbdhvu")
_NAME = 120  # letters of a name that are kept


class Named(NamedTuple):
    """A sequence and what it is called."""

    name: str
    letters: str


async def read_json(request: Request, limits: Limits) -> dict[str, Any]:
    """Read a JSON object from a request.

    Raises
    ------
    RefusedError
        408 if the body is too slow, 413 if it is too large, 400 if it is no JSON object.
    """
    body = bytearray()

    async def read() -> None:
        async for part in request.stream():
            body.extend(part)
            if len(body) > limits.body_bytes:
                raise RefusedError(413, f"the request has more than {limits.body_bytes:,} bytes: send it in parts")

    try:
        await asyncio.wait_for(read(), limits.read_seconds)
    except asyncio.TimeoutError:
        raise RefusedError(408, f"the request did not arrive within {limits.read_seconds:g} s") from None
    try:
        content = json.loads(bytes(body).decode("utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError):
        raise RefusedError(400, "the request is no JSON in UTF-8") from None
    if not isinstance(content, dict):
        raise RefusedError(400, 'the request is no JSON object: send {"run": …, "sequences": …}')
    return content


def text_of(content: dict[str, Any], key: str, *, default: str | None = None) -> str:
    """Return a text of a request; RefusedError (400) if it is missing or no text."""
    value = content.get(key, default)
    if not isinstance(value, str):
        raise RefusedError(400, f"{key!r} is missing or no text")
    return value


def number_of(content: dict[str, Any], key: str, *, default: int, low: int, high: int) -> int:
    """Return a whole number of a request within [low, high]; RefusedError (400) otherwise."""
    value = content.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise RefusedError(400, f"{key!r} must be a whole number from {low} to {high}")
    return value


def read_sequences(text: str, limits: Limits) -> list[Named]:
    """Read FASTA, or one bare sequence, from a text.

    Parameters
    ----------
    text
        Records that begin with ``>``; a text without any is one sequence. Spaces, blank lines and lines that
        begin with ``;`` do not count. Lower case is upper case; a letter that stands for several bases is N.
    limits
        See `Limits`.

    Raises
    ------
    RefusedError
        400 if there is no sequence or a letter is none, 413 beyond the limits.

    Examples
    --------
    >>> read_sequences(">a first\\nAC gt\\n>b\\nTTRT", Limits())
    [Named(name='a', letters='ACGT'), Named(name='b', letters='TTNT')]
    """
    names: list[str] = []
    parts: list[list[str]] = []
    bases = 0
    for line in text.lstrip("\ufeff").splitlines():
        line = line.strip()
        if not line or line.startswith(";"):
            continue
        if line.startswith(">"):
            if len(names) == limits.sequences:
                raise RefusedError(413, f"more than {limits.sequences:,} sequences: send fewer at a time")
            words = line[1:].split(maxsplit=1)
            names.append(_printable(words[0]) if words else f"sequence {len(names) + 1}")
            parts.append([])
            continue
        if not parts:
            names.append("sequence 1")
            parts.append([])
        letters = line.replace(" ", "").replace("\t", "")
        bases += len(letters)
        if bases > limits.bases:
            raise RefusedError(413, f"more than {limits.bases:,} bases: send fewer at a time")
        wrong = next((letter for letter in letters if letter not in _LETTERS), None)
        if wrong is not None:
            shown = ascii(wrong)
            raise RefusedError(400, f"{names[-1]} has {shown}, which is no base: expected A, C, G, T or N")
        parts[-1].append(_plain(letters))
    found = [Named(name, "".join(part)) for name, part in zip(names, parts, strict=True)]
    if not found:
        raise RefusedError(400, "there is no sequence: paste letters, or FASTA")
    empty = next((one.name for one in found if not one.letters), None)
    if empty is not None:
        raise RefusedError(400, f"{empty} has no letters")
    return found


def _printable(name: str) -> str:
    """Return a name without what no person can see."""
    return "".join(letter for letter in name[:_NAME] if letter.isprintable()) or "sequence"


_PLAIN = str.maketrans(dict.fromkeys("RYSWKMBDHV", "N") | {"U": "T"})


def _plain(letters: str) -> str:
    return letters.upper().translate(_PLAIN)
