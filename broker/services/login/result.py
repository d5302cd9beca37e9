"""The results that the web layer gets: a login that has begun, and the next step of one."""

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
    """The next step of a login: a page, a redirect, or its end.

    answer: parameters for the application (code or error), None without an answer now. session: a new session cookie. target:
    where the browser goes after a login that was not for an application.
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
        """Whether the request to the partner asks for multi-factor authentication together with the sign-in."""
        return asks_partner_for_both(self.found.facts)

    @property
    def fresh_within(self) -> int | None:
        """Seconds: how recent a sign-in to ask the partner for, if a policy requires a fresh one."""
        return self.decision.next.fresh_within
