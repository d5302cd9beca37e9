"""The events of a login that decide about its next step. The trail only reports events."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from broker.domain.api_connector import ConnectorProgress


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginProgress:
    """fresh_asked: the newest request to the home organization asks for a fresh sign-in (prompt=login, ForceAuthn).

    fresh_answered: the assertion in hand answers such a request; an earlier answer does not count (FA-27). sent_at: when the
    newest request was sent. went_without: the person continues without a proof that is voluntary. format_refused: the
    partner has no subject in the format that its file names, so the next request names none (FB-14). method_added: a sign-in
    method was added. redeemed_at: when an invitation was accepted in this login.
    requested: the access request of a sign-up, which this login made or found. connector: of the application's service that is asked.
    """

    fresh_asked: bool = False
    fresh_answered: bool = False
    sent_at: int | None = None
    went_without: bool = False
    format_refused: bool = False
    method_added: bool = False
    redeemed_at: int | None = None
    requested: str | None = None
    connector: ConnectorProgress = field(default_factory=ConnectorProgress)

    def sent(self, now: int, *, fresh: bool) -> LoginProgress:
        """After a request to the home organization."""
        return replace(self, fresh_asked=fresh, sent_at=now)

    def vouched(self) -> LoginProgress:
        """After the assertion that answers the newest request."""
        return replace(self, fresh_asked=False, fresh_answered=self.fresh_asked)

    def started_over(self) -> LoginProgress:
        """After the person left the account: the answers and choices of that account do not count for another."""
        return replace(
            self,
            fresh_asked=False,
            fresh_answered=False,
            went_without=False,
            format_refused=False,
            requested=None,
            connector=self.connector.voided(),
        )

    def to_json(self) -> dict[str, Any]:
        """A JSON object for the login's row."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> LoginProgress:
        """The inverse of `to_json`."""
        return cls(**{**values, "connector": ConnectorProgress.from_json(values.get("connector"))})
