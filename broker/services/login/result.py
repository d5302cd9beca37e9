"""What the dispatcher hands to the web: a login that has begun, and where one stands now."""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain.assurance_rules import asks_partner_for_both
from broker.domain.gates import Decision
from broker.domain.next_step import Step
from broker.services.login.context import LoginContext


@dataclass(frozen=True, slots=True)
class StartedLogin:
    """A login that has begun: its handle for the path, and the browser's cookie value."""

    login_id: str
    browser: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StepResult:
    """What the dispatcher decided: a page, a redirect, or the end.

    answer: parameters for the application (code or error), None if it gets none now. session: a new session cookie.
    target: where the browser goes when the login was not an application's.
    """

    found: LoginContext
    decision: Decision
    answer: dict[str, str] | None = None
    session: str | None = None
    target: str | None = None

    @property
    def step(self) -> Step:
        """The step to show."""
        return self.decision.next.step

    @property
    def with_more(self) -> bool:
        """Whether a request to the partner asks for multi-factor authentication beside the sign-in."""
        return asks_partner_for_both(self.found.facts)

    @property
    def fresh_within(self) -> int | None:
        """How young a proof the partner is to be asked for, where a policy sends the person there."""
        return self.decision.next.fresh_within
