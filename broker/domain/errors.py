"""Every refusal of the broker, as one tree. Only web/errors.py knows status codes, texts and OAuth responses.

    BrokerError
    ├── PageError            a guest's page; `code` is one of the contract's
    │   ├── NotInvited · InvitationExpired · InvitationUsed · InvitationMismatch · DomainDenied
    │   ├── GuestBlocked · GuestExpired · NotAssigned · PolicyBlocked
    │   ├── PartnerFailed (NoMoreProof, SubjectFormatRefused, CredentialsRefused, PartnerCancelled) · PartnerUntrusted
    │   └── LoginExpired · TooManyAttempts · BadRequest · ServerError (Unavailable)
    ├── OAuthError           a protocol answer: JSON at the token endpoint, a redirect at the authorization endpoint
    ├── SetupError           the installation cannot be used as it is: config files, key files, sealed data
    └── CommandError         one clear line for a command or a form: NotFound · Conflict · Forbidden · TooMany · Invalid

`reason` is for the receipt and the audit log (`saml_replay`, `login_browser_mismatch`); no page and no application shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Self

from broker.domain.text import printable

_THEIRS = 256  # characters of a partner's error text


@dataclass(frozen=True, slots=True)
class Mistake:
    """What an application sent and what its file says, for the log of refusals: staff compare the two (FC-02).

    application: the client_id of a file, "" for an unknown one. sent: the input, never a secret. registered: the correct values.
    """

    application: str
    sent: str = ""
    registered: tuple[str, ...] = ()


class BrokerError(Exception):
    """The root of the tree; its reason may be logged."""

    mistake: Mistake | None = None
    retry_after: int | None = None  # seconds until the same request may succeed

    def __init__(self, reason: str, detail: str = "") -> None:
        """reason: a stable word for log and receipt. detail: for staff; never input, never a secret."""
        super().__init__(f"{reason}: {detail}" if detail else reason)
        self.reason = reason
        self.detail = detail

    def later(self, seconds: int) -> Self:
        """This error with the time to wait (RFC 9110 10.2.3)."""
        self.retry_after = seconds
        return self

    def of_application(self, application: str, sent: str = "", registered: tuple[str, ...] = ()) -> Self:
        """This error as a mistake of an application; an earlier mistake is kept."""
        self.mistake = self.mistake or Mistake(application, sent, registered)
        return self


class PageError(BrokerError):
    """Ends at an error page with `data-error="code"`.

    login_id, reference, partner: of the live login that it belongs to, so that the page can return to it and name them. words:
    selects the page's text if neither code nor reason does. theirs: the partner's error text, one short line, for the receipt
    only.
    """

    code: ClassVar[str] = "server_error"
    words: ClassVar[str] = ""
    theirs: str = ""
    login_id: str | None = None
    reference: str | None = None
    partner: str = ""

    def with_theirs(self, text: object) -> Self:
        """This error with the partner's own text (error_description): shortened, printable, never on a page or in the log."""
        self.theirs = printable(text.strip(), _THEIRS) if isinstance(text, str) else ""
        return self

    def of_login(self, login_id: str, reference: str, partner: str = "") -> Self:
        """This error as one of a live login. partner: where its address does not name it."""
        self.login_id, self.reference, self.partner = login_id, reference, partner
        return self


class NotInvited(PageError):
    """The person signed in at their home organization, but is not invited."""

    code = "not_invited"


class InvitationExpired(PageError):
    """The invitation is expired, revoked, replaced or unknown; all have the same answer."""

    code = "invitation_expired"


class InvitationUsed(PageError):
    """The link is genuine, but was used already."""

    code = "invitation_used"


class InvitationMismatch(PageError):
    """The identity that signed in is not the invited one."""

    code = "invitation_mismatch"


class DomainDenied(PageError):
    """The address's domain may not be invited."""

    code = "domain_denied"


class GuestBlocked(PageError):
    """Staff blocked this guest."""

    code = "guest_blocked"


class GuestExpired(PageError):
    """The guest's access has ended."""

    code = "guest_expired"


class NotAssigned(PageError):
    """The application admits only assigned guests."""

    code = "not_assigned"


class PolicyBlocked(PageError):
    """A policy denies the sign-in, or could not be evaluated."""

    code = "policy_blocked"


class PartnerFailed(PageError):
    """The home organization is unreachable or answered with an error or an incomplete message."""

    code = "partner_failed"


class NoMoreProof(PartnerFailed):
    """It answers that it cannot give the requested proof (NoAuthnContext, unmet_authentication_requirements)."""


class SubjectFormatRefused(PartnerFailed):
    """It has no identifier in the format that we asked for (InvalidNameIDPolicy, saml-core 3.4.1.1)."""


class CredentialsRefused(PartnerFailed):
    """It refuses our client id, secret or key. Only the broker's operator can correct that."""

    words = "our_side"


class PartnerCancelled(PartnerFailed):
    """The person cancelled there, or it denied them access (access_denied, RequestDenied)."""

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
    """A request that no correct browser or application sends."""

    code = "bad_request"


class ServerError(PageError):
    """A fault of the broker; the cause is in the log."""

    code = "server_error"


class Unavailable(ServerError):
    """A part of the broker is unavailable, probably for seconds only: another process locks the database."""


class OAuthError(BrokerError):
    """An error of RFC 6749, OpenID Connect Core or a related standard; `error` is the standard's code."""

    def __init__(self, error: str, reason: str = "", detail: str = "") -> None:
        super().__init__(reason or error, detail)
        self.error = error


class CommandError(BrokerError):
    """A refusal or failure, with one line that tells a person at a terminal or form what to do."""

    def __init__(self, message: str, reason: str = "refused") -> None:
        super().__init__(reason, message)
        self.message = message

    def __str__(self) -> str:
        return self.message


class SetupError(BrokerError):
    """The installation cannot be used as it is: a configuration file, a key file, or data sealed with a key that is missing.

    No request causes it. Its text tells the operator which file it is about and what to do; it contains no secret.
    """


class NotFound(CommandError):
    """It does not exist, or the actor may not see it; both have the same answer."""


class Conflict(CommandError):
    """It exists already, or another request was faster."""


class Forbidden(CommandError):
    """The actor may not do this."""


class TooMany(CommandError):
    """A quota is used up."""


class Invalid(CommandError):
    """The input is invalid."""


PAGE_ERRORS: dict[str, type[PageError]] = {
    kind.code: kind
    for kind in (
        NotInvited, InvitationExpired, InvitationUsed, InvitationMismatch, DomainDenied, GuestBlocked, GuestExpired,
        NotAssigned, PolicyBlocked, PartnerFailed, PartnerUntrusted, LoginExpired, TooManyAttempts, BadRequest, ServerError,
    )
}  # fmt: skip
