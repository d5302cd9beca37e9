"""Adds up the figures of one process, in memory: it asks no database (decision 0023)."""

from __future__ import annotations

import re
import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from broker.domain.federation import split_id
from broker.domain.mailbox import PARTNER
from broker.domain.receipt import Receipt
from broker.domain.trail import TrailStep
from broker.services.metrics.board import Board, Key, Sheet
from broker.services.metrics.figures import (
    FIGURES,
    LOGINS,
    OTHER,
    POLICIES,
    REFUSALS,
    RESPONSES,
    STARTS,
    STEPS,
    Figure,
    FigureKind,
    FigureReading,
)  # fmt: skip
from broker.settings.load import Settings

MOST = 2_000  # different labels of one figure that a process counts apart; further ones are counted together
NOBODY = "none"  # the application or partner of a sign-in that has none
_LOOKED_AT = 12  # entries at the end of a trail: those of groups may stand between two ends
_WORD = re.compile(r"[a-z][a-z0-9_]{0,47}", re.ASCII)


class Meter:
    """The figures of this process, and those of the other workers of its server. No method raises for any value."""

    def __init__(self, settings: Callable[[], Settings], board: Board | None = None, page: int = 0) -> None:
        """board: of the server that this process is a worker of, with the page that is its own; None: a process by itself."""
        self._settings = settings
        self._board = board or Board(1)
        self._lock = threading.Lock()
        self._sheet: Sheet = self._board.open(page)
        self._apart = Counter(key[0] for key in self._sheet.places)
        for figure in FIGURES:
            self._place(figure, (OTHER,) * len(figure.labels))  # while there is room
            if figure.kind is FigureKind.GAUGE:
                self.measure(figure, 0)
        self._add(STARTS)

    # --- what happens -------------------------------------------------------------------------------------------------

    def receipts(self, saved: Iterable[Receipt]) -> None:
        """These receipts were committed. Labels are ids of the files, never a value of a request."""
        for receipt in saved:
            if _is_repeated(receipt.steps):
                continue
            settings = self._settings()
            application = _known(receipt.application, settings.applications)
            partner = _partner(receipt.partner, settings)
            self._add(LOGINS, application, partner, receipt.outcome.value)
            if receipt.steps and receipt.steps[-1].get("step") == TrailStep.DENIED:  # other refusals come by `refusal`
                self.refusal(str(receipt.steps[-1].get("result")), receipt.reason)
            for policy in receipt.policies:
                self._add(POLICIES, _known(policy["id"], settings.policies), str(policy["state"]), str(policy["result"]))

    def refusal(self, code: str, reason: str) -> None:
        """A request was refused. code: of the page or the standard. reason: a word of ours."""
        self._add(REFUSALS, code if _WORD.fullmatch(code) else OTHER, reason if _WORD.fullmatch(reason) else OTHER)

    def step(self, step: str, seconds: float) -> None:
        """A request of a sign-in was answered. step: the name of its handler."""
        with self._lock:
            at = self._place(STEPS, (step,))
            self._sheet.increase(at + 8 * bisect_left(STEPS.bounds, seconds), 1)
            self._sheet.increase(at + 8 * (len(STEPS.bounds) + 1), seconds)

    def response(self, status: int) -> None:
        """A response left. status: of HTTP."""
        self._add(RESPONSES, str(status))

    def count(self, figure: Figure) -> None:
        """One more of a figure without labels."""
        self._add(figure)

    def measure(self, figure: Figure, value: float) -> None:
        """What a gauge without labels shows of this process."""
        with self._lock:
            self._sheet.put(self._place(figure, ()), value)

    # --- what there is ------------------------------------------------------------------------------------------------

    def readings(self) -> tuple[FigureReading, ...]:
        """Every figure, summed over all workers of the server; gauges only over those that live."""
        found: dict[str, dict[Key, tuple[float, ...]]] = {figure.name: {} for figure in FIGURES}
        gauges = {figure.name for figure in FIGURES if figure.kind is FigureKind.GAUGE}
        for lives, (name, *values), numbers in self._board.read():
            if (lives or name not in gauges) and (any(numbers) or not values):
                before = found[name].get(tuple(values), (0.0,) * len(numbers))
                found[name][tuple(values)] = tuple(a + b for a, b in zip(before, numbers, strict=True))
        return tuple(FigureReading(figure, found[figure.name]) for figure in FIGURES)

    def _add(self, figure: Figure, *labels: str) -> None:
        with self._lock:
            self._sheet.increase(self._place(figure, labels), 1)

    def _place(self, figure: Figure, labels: tuple[str, ...]) -> int:
        """Where the numbers of these labels are: a new place, or that of all others if there are too many."""
        key = (figure.name, *labels)
        at = self._sheet.places.get(key)
        if at is None and self._apart[figure.name] < MOST:
            at = self._sheet.add(key, figure.size)
            self._apart[figure.name] += 1
        return at if at is not None else self._sheet.places[(figure.name, *(OTHER,) * len(labels))]


def _known(name: Any, files: Mapping[str, object]) -> str:
    if name is None:
        return NOBODY
    return name if name in files else OTHER


def _partner(name: str | None, settings: Settings) -> str:
    """A partner with a file, the federation of an entity (they are thousands), or codes by e-mail."""
    if name == PARTNER:
        return PARTNER
    entity = split_id(name) if name else None
    return _known(entity[0], settings.federations) if entity else _known(name, settings.partners)


def _is_repeated(steps: tuple[Mapping[str, Any], ...]) -> bool:
    """Whether the same refusal is shown once more: a person loads its page again."""
    ends = [step for step in steps[-_LOOKED_AT:] if step.get("step") != TrailStep.GROUPS][-2:]
    return len(ends) == 2 and all(ends[0].get(name) == ends[1].get(name) for name in ("step", "result", "reason"))
