"""Figures of running processes.

Owns: which figures there are, and the memory in which the workers of one server add them up.
Does not know: HTTP, and the format in which figures are read.
Offers: `Meter`, which every process has; `Board`, which a server shares between its workers; `FIGURES`.
"""

from __future__ import annotations

from broker.services.metrics.board import Board
from broker.services.metrics.figures import FIGURES, Figure, FigureKind, FigureReading
from broker.services.metrics.meter import Meter

__all__ = ["FIGURES", "Board", "Figure", "FigureKind", "FigureReading", "Meter"]
