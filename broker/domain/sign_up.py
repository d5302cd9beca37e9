"""A sign-up: a person without an invitation asks for an application, and proves their address in the login that begins with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any


class Attribute(StrEnum):
    """The further questions that the form can ask; `services/sign_up/form.py` has one rule for each."""

    COMPANY = "company"
    DEPARTMENT = "department"
    JOB_TITLE = "job_title"
    CITY = "city"
    COUNTRY = "country"
    PHONE = "phone"
    EMPLOYEE_NUMBER = "employee_number"


class SignUpState(StrEnum):
    """Where a sign-up stands, once the address is proven.

    DUE: nothing was stored yet. INVALID: the application's connector wants the form corrected. WAITING, REFUSED, EXPIRED: of the request. SETTLED: nothing is left to do; the gates decide.
    """

    DUE = "due"
    INVALID = "invalid"
    WAITING = "waiting"
    REFUSED = "refused"
    EXPIRED = "expired"
    SETTLED = "settled"


@dataclass(frozen=True, slots=True, kw_only=True)
class SignUp:
    """What the form holds, as the login keeps it until the address is proven. application: a client_id. language: of the page."""

    application: str
    name: str
    reason: str
    language: str = ""
    attributes: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A JSON object for the login's row."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> SignUp:
        """The inverse of `to_json`."""
        return cls(**values)
