"""Requests that are answered by one line and a status."""

from __future__ import annotations


class RefusedError(Exception):
    """A request that cannot be served.

    Parameters
    ----------
    status
        HTTP status.
    message
        One line for the person who asked.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status, self.message = status, message
