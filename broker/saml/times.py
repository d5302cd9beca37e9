"""Parses xs:dateTime in the form that SAML requires: UTC, ending in Z (HS-27, core 1.3.3)."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Final

from broker.saml.errors import SamlRefused

SKEW: Final = 60  # seconds that two clocks may differ
_DATE_TIME: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2})(?:\.[0-9]{1,9})?Z")
_LATEST: Final = 2200  # a later year is a placeholder, not a time (SR-32)


def seconds(text: str, where: str) -> int:
    """Seconds since 1970, fractions dropped. where: the attribute, for the receipt. Raises SamlRefused(saml_time)."""
    match = _DATE_TIME.fullmatch(text)
    try:
        moment = datetime.fromisoformat(match[1]).replace(tzinfo=UTC) if match else None
    except ValueError:  # month 13, second 60
        moment = None
    if moment is None or not 1970 <= moment.year < _LATEST:
        raise SamlRefused(
            "saml_time",
            "HS-27",
            f"{where} is no time like 2026-01-31T12:00:00Z (UTC, at most 9 fraction digits); the partner must write it so",
        )
    return int(moment.timestamp())
