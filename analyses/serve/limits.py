"""What one client may ask of `interpret serve`."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Limits:
    """Bounds on requests; beyond them the answer is one line and a status that says which.

    Attributes
    ----------
    body_bytes
        Largest request body (413).
    sequences, bases
        Most sequences in a request, and bases in all of them together (413).
    waiting
        Requests that wait for the model at most (503).
    per_client
        Requests of one address that are under way at most (429).
    seconds
        Longest time that a request may take once it has its turn (503).
    read_seconds
        Longest time in which a body must have arrived (408).

    Raises
    ------
    ValueError
        If any is not above 0.
    """

    body_bytes: int = 2 << 20
    sequences: int = 1000
    bases: int = 1_000_000
    waiting: int = 16
    per_client: int = 8
    seconds: float = 120.0
    read_seconds: float = 20.0

    def __post_init__(self) -> None:
        """Refuse a bound that would refuse everything."""
        for field in fields(self):
            value = getattr(self, field.name)
            if not 0 < value < float("inf"):
                raise ValueError(f"{field.name} is {value}: expected a number above 0")
