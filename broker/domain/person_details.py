"""Details of a person that staff's programs keep, such as company and department: a closed list. No token contains them."""

from __future__ import annotations

from collections.abc import Mapping

from broker.domain.errors import Invalid

DETAILS = (
    "given_name", "family_name", "company", "department", "job_title", "office", "mobile", "phone",
)  # fmt: skip
MAX = 256  # characters of one


def changed_details(held: Mapping[str, str], changes: Mapping[str, str | None]) -> dict[str, str]:
    """The details after a change; None and "" remove one. Raises Invalid for a value that is not one line of text."""
    after = dict(held)
    for name, value in changes.items():
        if name not in DETAILS:
            raise Invalid(f"{name} is no detail of a person", "detail_unknown")
        text = (value or "").strip()
        if len(text) > MAX or not text.isprintable():
            raise Invalid(f"{name.replace('_', ' ')} must be one line of at most {MAX} characters", "detail_invalid")
        after[name] = text
    return {name: value for name, value in after.items() if value}
