"""Where a program stands in the changes of people or groups: how far it has read, and of which history."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePlace:
    """history: of the database; another one after a restore. number, row: of the last change that was read.

    start: the number at which the program began: what was deleted up to there was never shown to it.
    """

    history: str
    number: int
    row: str
    start: int
