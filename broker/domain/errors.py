"""Everything the broker refuses, as one tree. Only web/errors.py knows status codes, texts and OAuth responses.

    BrokerError
    ├── PageError            a guest's page; `code` is one of the contract's
    │   ├── NotInvited · InvitationExpired · InvitationUsed · InvitationMismatch · DomainDenied
    │   ├── GuestBlocked · GuestExpired · NotAssigned · PolicyBlocked
    │   ├── PartnerFailed (NoMoreProof, CredentialsRefused, PartnerCancelled) · PartnerUntrusted
    │   └── LoginExpired · TooManyAttempts · BadRequest · ServerError (Unavailable)
    ├── OAuthError           a protocol answer: JSON at the token endpoint, a redirect at the authorization endpoint
    └── CommandError         one clear line for a command or a form: NotFound · Conflict · Forbidden · TooMany · Invalid

`reason` is for the receipt and the audit log (`saml_replay`, `login_browser_mismatch`); nobody outside sees it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from broker.domain.text import printable

_THEIRS = 256  # characters of a partner's words


@dataclass(frozen=True, slots=True)
class Mistake:
    """What an application sent and what its file says, for the log of refusals: staff compare the two (FC-02).

    application: the client_id of a file, "" for one that no file names. sent: input, never a secret. registered: what is right.
    """

    application: str
    sent: str = ""
    registered: tuple[str, ...] = ()


class BrokerError(Exception):
    """The root: raised on purpose, with a reason that may be logged."""

    mistake: Mistake | None = None

    def __init__(self, reason: str, detail: str = "") -> None:
        """reason: a stable word for log and receipt. detail: facts for staff; never input, never a secret."""
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail

    def of_application(self, application: str, sent: str = "", registered: tuple[str, ...] = ()) -> Self:
        """This error, as a mistake of an application; what is known already stays."""
        self.mistake = self.mistake or Mistake(application, sent, registered)
        return self


class PageError(BrokerError):
    """Ends at an error page with `data-error="code"`.

    login_id, reference: of the live login that it belongs to, so that the page offers the way back and names its receipt.
    words: names the page's words where neither code nor reason does. theirs: what the partner said to it, one short line,
    for the receipt alone.
    """

    code: ClassVar[str] = "server_error"
    words: ClassVar[str] = ""
    theirs: str = ""
    login_id: str | None = None
    reference: str | None = None

    def with_theirs(self, text: object) -> Self:
        """This error, with the partner's own words (error_description): capped, printable, never on a page or in the log."""
        self.theirs = printable(text.strip(), _THEIRS) if isinstance(text, str) else ""
        return self

    def of_login(self, login_id: str, reference: str) -> Self:
        """This error, as one of a live login."""
        self.login_id, self.reference = login_id, reference
        return self


class NotInvited(PageError):
    """Signed in at home, but nobody invited this person."""

    code = "not_invited"


class InvitationExpired(PageError):
    """The invitation is over, revoked, replaced or unknown: one answer for all."""

    code = "invitation_expired"


class InvitationUsed(PageError):
    """The bearer of the genuine ticket comes a second time."""

    code = "invitation_used"


class InvitationMismatch(PageError):
    """The identity that came is not the one that was invited."""

    code = "invitation_mismatch"


class DomainDenied(PageError):
    """The address's domain may not be invited."""

    code = "domain_denied"


class GuestBlocked(PageError):
    """Staff stopped this guest."""

    code = "guest_blocked"


class GuestExpired(PageError):
    """Time stopped this guest."""

    code = "guest_expired"


class NotAssigned(PageError):
    """The application admits only assigned guests."""

    code = "not_assigned"


class PolicyBlocked(PageError):
    """A policy says no, or could not be evaluated."""

    code = "policy_blocked"


class PartnerFailed(PageError):
    """The home organization is unreachable or answered with an error or an incomplete message."""

    code = "partner_failed"


class NoMoreProof(PartnerFailed):
    """It says that it cannot prove as much as was asked for (NoAuthnContext, unmet_authentication_requirements)."""


class CredentialsRefused(PartnerFailed):
    """It does not take our client id, secret or key: ours to mend, and nothing that the person or the partner can."""

    words = "our_side"


class PartnerCancelled(PartnerFailed):
    """The person pressed Cancel there, or it does not let the person in (access_denied, RequestDenied)."""

    words = "cancelled"


class PartnerUntrusted(PageError):
    """A message of the home organization failed a check."""

    code = "partner_untrusted"


class LoginExpired(PageError):
    """There is no live login of this browser."""

    code = "login_expired"


class TooManyAttempts(PageError):
    """A limit was reached."""

    code = "too_many_attempts"


class BadRequest(PageError):
    """Nothing an honest browser or application sends."""

    code = "bad_request"


class ServerError(PageError):
    """Our own fault; the cause is in the log."""

    code = "server_error"


class Unavailable(ServerError):
    """Something of ours cannot be used at this moment and probably can in a few seconds: the database is held by another process."""


class OAuthError(BrokerError):
    """An error of RFC 6749, OpenID Connect Core or their kin; `error` is the standard's word."""

    def __init__(self, error: str, reason: str = "", detail: str = "") -> None:
        super().__init__(reason or error, detail)
        self.error = error


class CommandError(BrokerError):
    """Refused or failed, said in one line that a person at a terminal or form can act on."""

    def __init__(self, message: str, reason: str = "refused") -> None:
        super().__init__(reason, message)
        self.message = message

    def __str__(self) -> str:
        return self.message


class NotFound(CommandError):
    """No such thing, or not for this actor: one answer for both."""


class Conflict(CommandError):
    """It exists already, or somebody else was faster."""


class Forbidden(CommandError):
    """The actor may not do this."""


class TooMany(CommandError):
    """A quota is used up."""


class Invalid(CommandError):
    """The input is not what it must be."""


PAGE_ERRORS: dict[str, type[PageError]] = {
    kind.code: kind
    for kind in (
        NotInvited, InvitationExpired, InvitationUsed, InvitationMismatch, DomainDenied, GuestBlocked, GuestExpired,
        NotAssigned, PolicyBlocked, PartnerFailed, PartnerUntrusted, LoginExpired, TooManyAttempts, BadRequest, ServerError,
    )
}  # fmt: skip
