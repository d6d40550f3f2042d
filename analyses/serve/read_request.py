"""From a request's body to checked values: nothing that a client sends gets further than this file unchecked."""

from __future__ import annotations

import asyncio
import io
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from motiflens.analyses.serve.limits import Limits
from motiflens.analyses.serve.refused_error import RefusedError
from motiflens.models.data.fasta_records import stream_pieces

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
    lines = [line.strip() for line in text.lstrip("\ufeff").splitlines()]
    first = next((line for line in lines if line and not line.startswith(";")), "")
    if not first:
        raise RefusedError(400, "there is no sequence: paste letters, or FASTA")
    body = "\n".join(lines if first.startswith(">") else [">sequence 1", *lines])
    records: list[Named] = []
    bases = 0
    try:
        for piece in stream_pieces(io.BytesIO(body.encode("utf-8", "replace")), "the text", unnamed=True):
            bases += len(piece.letters)
            if piece.new:
                if len(records) == limits.sequences:
                    raise RefusedError(413, f"more than {limits.sequences:,} sequences: send fewer at a time")
                words = piece.header.split(maxsplit=1)
                records.append(Named(_printable(words[0]) if words else f"sequence {len(records) + 1}", ""))
            if bases > limits.bases:
                raise RefusedError(413, f"more than {limits.bases:,} bases: send fewer at a time")
            one = records[-1]
            records[-1] = Named(one.name, one.letters + _plain(piece.letters.decode("utf-8", "replace"), one.name))
    except ValueError as error:  # a limit of the reader
        raise RefusedError(413, " ".join(str(error).split())) from None
    empty = next((one.name for one in records if not one.letters), None)
    if empty is not None:
        raise RefusedError(400, f"{empty} has no letters")
    return records


def _printable(name: str) -> str:
    """Return a name without what no person can see."""
    return "".join(letter for letter in name[:_NAME] if letter.isprintable()) or "sequence"


_PLAIN = str.maketrans(dict.fromkeys("RYSWKMBDHV", "N") | {"U": "T"})


def _plain(letters: str, name: str) -> str:
    """Return letters as A, C, G, T and N."""
    wrong = next((letter for letter in letters if letter not in _LETTERS), None)
    if wrong is not None:
        raise RefusedError(400, f"{name} has {wrong!a}, which is no base: expected A, C, G, T or N")
    return letters.upper().translate(_PLAIN)
