"""Doctor's findings, as its tests read them."""

from __future__ import annotations

from broker.services.doctor import DoctorReport, Finding
from tests.journeys.world import World


def examine(world: World, partner: str = "fabrikam", *, offline: bool = True) -> DoctorReport:
    """The report of a partner."""
    return world.broker.doctor.examine(partner, offline=offline)


def found(report: DoctorReport, check: str) -> list[Finding]:
    """What was found of one kind."""
    return [finding for finding in report.findings if finding.check == check]


def only(report: DoctorReport, check: str) -> Finding:
    """The one finding of a kind."""
    (finding,) = found(report, check)
    return finding
