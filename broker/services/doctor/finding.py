"""The findings of doctor: the observed and the expected state, and which side has to change what."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, NamedTuple


class Level(StrEnum):
    """A problem prevents sign-ins; a warning will or may prevent them; ok informs."""

    PROBLEM = "problem"
    WARNING = "warning"
    OK = "ok"


class Side(StrEnum):
    """The side that has to change something."""

    OURS = "ours"
    PARTNER = "partner"
    APPLICATION = "application"
    PERSON = "person"


class Advice(NamedTuple):
    """side: who can change it. expected: the correct state. change: what to do. rule: the refusal may be intended, so it is a warning at most."""

    side: Side
    expected: str
    change: str
    rule: bool = False


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report. check: a stable name of the check. side, change: empty if nothing has to be done."""

    level: Level
    check: str
    seen: str
    expected: str = ""
    side: Side | None = None
    change: str = ""

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class DoctorReport:
    """All findings of one partner, the worst first."""

    partner: str
    name: str
    protocol: str
    issuer: str
    redirect_uri: str
    findings: tuple[Finding, ...]

    @property
    def head(self) -> str:
        """The first line of the report."""
        return f"{self.name} ({self.partner}), {self.protocol.upper()}, {self.issuer or 'issuer not known'}"

    @property
    def is_well(self) -> bool:
        """Whether there is no problem."""
        return not any(finding.level is Level.PROBLEM for finding in self.findings)

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        names = {"id": self.partner, "name": self.name, "protocol": self.protocol, "issuer": self.issuer}
        found = [finding.to_json() for finding in self.findings]
        return {**names, "redirect_uri": self.redirect_uri, "ok": self.is_well, "findings": found}


def ok(check: str, seen: str) -> Finding:
    """A finding without a fault."""
    return Finding(Level.OK, check, seen)


def in_order(findings: list[Finding]) -> tuple[Finding, ...]:
    """Problems, then warnings, then findings without a fault; each in the order of the examination."""
    return tuple(finding for level in Level for finding in findings if finding.level is level)
