"""The reason of an act: one line that a member of staff writes for the audit."""

from __future__ import annotations

from broker.domain.errors import Invalid

MAX_REASON = 1000  # characters


def checked_reason(reason: str) -> str:
    """The reason as it is. Raises Invalid for one that is too long, or is more than one line."""
    if len(reason) > MAX_REASON or not all(c.isprintable() for c in reason):
        raise Invalid(f"the reason must be one line of at most {MAX_REASON} characters", "reason_invalid")
    return reason
