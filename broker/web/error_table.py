"""The ONE table from error to answer: page code, status and words for a person. `oauth_errors.py` has those for an application.

Only web/errors.py reads it, and nothing else knows a status code (HW-1). The texts are fixed: no input, trace, path or
library's words (HW-2, LP-03).
"""

from __future__ import annotations

from broker.web.error_text import ErrorText
from broker.web.i18n import _
from broker.web.sign_up_errors import SIGN_UP_TEXT

GO_HOME = _("Go to your applications")
ASK = _("Ask for help")
ASK_FOR_ACCESS = _("Ask for access")


PAGES: dict[str, ErrorText] = {
    "not_invited": ErrorText(
        403,
        _("You have no invitation yet"),
        _("You signed in, but nobody has invited you with this account. Ask your contact at %(company)s to invite you."),
        _("Use another account"),
    ),
    "invitation_expired": ErrorText(
        400,
        _("This invitation is no longer valid"),
        _(
            "It may have expired, or a newer one has replaced it. Look for a newer e-mail, or ask the person who invited you to send it again."
        ),
        asks=True,
    ),
    "invitation_used": ErrorText(
        400,
        _("You have already accepted this invitation"),
        _(
            "You don't need the link any more: open the application and sign in as usual. If that doesn't work, we can send you a new one."
        ),
        GO_HOME,
    ),
    "invitation_mismatch": ErrorText(
        403,
        _("This invitation is for another address"),
        _(
            "The account you signed in with does not belong to the address that was invited. Sign in with the invited account, or ask for an invitation to this one."
        ),
        _("Use another account"),
    ),
    "domain_denied": ErrorText(
        403,
        _("%(company)s doesn't invite people from this organization"),
        _("Ask your contact at %(company)s which address they can invite."),
        _("Use another account"),
        asks=True,
    ),
    "guest_blocked": ErrorText(
        403,
        _("Your access has been blocked by %(company)s"),
        _("If you think this is a mistake, ask your contact there."),
        asks=True,
    ),
    "guest_expired": ErrorText(
        403,
        _("Your access has ended"),
        _("It was given for a limited time. Ask your contact at %(company)s to extend it."),
        asks=True,
    ),
    "not_assigned": ErrorText(
        403,
        _("You don't have access to this application yet"),
        _("You signed in, but nobody has given you access to this application. Ask your contact at %(company)s to add you."),
        GO_HOME,
        asks=True,
        named=_("You don't have access to %(application)s yet"),
    ),
    "policy_blocked": ErrorText(
        403,
        _("A security rule of %(company)s blocked this sign-in"),
        _(
            "It can depend on the application, or on where you are signing in from. Your contact at %(company)s can look it up with the reference below."
        ),
        asks=True,
        named=_("A security rule of %(company)s blocked your sign-in to %(application)s"),
    ),
    "partner_failed": ErrorText(
        502,
        _("Your organization's sign-in didn't work"),
        _(
            "It couldn't be reached, or it stopped before it was finished. Wait a minute and try again. If it keeps happening, contact your own organization's help desk."
        ),
        again=True,
        named=_("The sign-in at %(partner)s didn't work"),
    ),
    "partner_untrusted": ErrorText(
        400,
        _("We couldn't verify the response from your organization"),
        _("To keep you safe, we stopped here. Try again from the start. If it happens again, send us the reference below."),
        named=_("We couldn't verify the response from %(partner)s"),
    ),
    "login_expired": ErrorText(
        400,
        _("This sign-in has expired"),
        _(
            "It took too long, is already finished, or was started in another browser. Go back to the application and sign in again."
        ),
    ),
    "too_many_attempts": ErrorText(
        429,
        _("Too many attempts"),
        _("To protect you, we've paused this for a while. Wait 15 minutes and try again."),
        again=True,
    ),
    "bad_request": ErrorText(
        400,
        _("We couldn't process this request"),
        _("The link or form was incomplete or out of date. Go back to the application and start again."),
    ),
    "server_error": ErrorText(
        500,
        _("Something went wrong on our side"),
        _("It's not your fault, and it has been recorded. Wait a minute and try again."),
        again=True,
    ),
}

# Where the reason, not the code, decides: reason -> status, and words of its own if the code's do not fit.
REASON_STATUS: dict[str, int] = {
    "csrf": 403,
    "consent_login_mismatch": 403,
    "factor_login_mismatch": 403,
    "terms_login_mismatch": 403,
    "sign_up_login_mismatch": 403,
    "connector_failed": 503,
    "connector_tries": 429,
    "invitation_inviter": 403,
    "identity_taken": 409,
    "no_right": 403,
    "changed_meanwhile": 409,
    "not_found": 404,
    "method": 405,
    "body_size": 413,
    "url_size": 414,
    "upstream_busy": 503,
    "database_busy": 503,
}
REASON_TEXT: dict[str, ErrorText] = {
    "identity_changed": ErrorText(
        403,
        _("We need to check that it's still you"),
        _(
            "Your account has another name and e-mail address than before. Your contact at %(company)s can confirm that it's still you; then sign in again."
        ),
        _("Use another account"),
    ),
    "not_found": ErrorText(
        404,
        _("This page doesn't exist"),
        _("The address may be mistyped or out of date."),
        GO_HOME,
    ),
    "no_right": ErrorText(
        403,
        _("You may not open this page"),
        _("Your account has no rights for it. If you need them for your work, ask an administrator of %(company)s."),
        GO_HOME,
    ),
    "changed_meanwhile": ErrorText(
        409,
        _("This was changed in the meantime"),
        _("Nothing was done. Go back and look at it again: somebody else was faster, or the page was old."),
        GO_HOME,
    ),
    "administrator_link": ErrorText(
        400,
        _("This link doesn't work any more"),
        _("It can be used once, within an hour. An operator of the service can make a new one: broker admin-link."),
        GO_HOME,
    ),
    "setup_link": ErrorText(
        400,
        _("This link doesn't open anything"),
        _("It may have ended, or it was withdrawn. Ask the person who sent it for a new one, or open it again from the e-mail."),
        GO_HOME,
    ),
    "redirect_uri": ErrorText(
        400,
        _("This application's address isn't registered"),
        _(
            "For developers: the redirect_uri of this request isn't among the redirect_uris of the application's file, which are compared character for character. The reference below shows both. Everyone else: go back to the application and tell its owner."
        ),
        GO_HOME,
    ),
    "cancelled": ErrorText(
        502,
        _("You cancelled the sign-in at your organization"),
        _(
            "To sign in after all, continue. If you didn't cancel it, your organization doesn't let you in: contact its help desk."
        ),
        _("Continue"),
        named=_("You cancelled the sign-in at %(partner)s"),
    ),
    "invitation_malformed": ErrorText(
        400,
        _("We can't find your invitation"),
        _(
            "Open the link in your e-mail again. If you've already accepted the invitation, you don't need the link: open the application and sign in as usual."
        ),
        GO_HOME,
    ),
    "question_malformed": ErrorText(
        400,
        _("We can't find this question"),
        _("Open the link in your e-mail again."),
        GO_HOME,
    ),
    "question_over": ErrorText(
        400,
        _("This question is no longer open"),
        _("It has already been answered, or too much time has passed. You don't need to do anything."),
        GO_HOME,
    ),
    "csrf": ErrorText(
        403,
        _("This form has expired"),
        _("Nothing was changed. Go back to the application and start again."),
    ),
    "factor_attempts": ErrorText(
        429,
        _("Too many wrong codes"),
        _(
            "To protect you, we've paused codes for a while. Wait 5 minutes and try again. Your organization's password isn't affected."
        ),
        again=True,
    ),
    **dict.fromkeys(
        ("consent_login_mismatch", "factor_login_mismatch", "terms_login_mismatch"),
        ErrorText(
            403,
            _("This form has expired"),
            _("Nothing was changed. Go back to the application and start again."),
        ),
    ),
    "database_busy": ErrorText(
        503,
        _("We are busy for a moment"),
        _("Our database did not answer in time. Nothing was lost. Wait a few seconds and try again."),
        again=True,
    ),
    "code_tries": ErrorText(
        429,
        _("Too many wrong codes"),
        _("To protect you, this code no longer works. Request a new one, and enter the digits from the newest e-mail."),
    ),
    "codes_of_mailbox": ErrorText(
        429,
        _("Too many codes were requested"),
        _("To protect this mailbox, we've paused sending for a while. Wait 15 minutes and try again, or sign in another way."),
        again=True,
    ),
    # what only we can mend, though it happens on the way to the partner: never sent to their own help desk (FC-14)
    **dict.fromkeys(
        (
            "our_side",
            "client_assertion",
            "discovery_issuer",
            "metadata_entity",
            "partner_protocol",
            "partner_removed",
            "url_not_allowed",
        ),
        ErrorText(
            502,
            _("We can't connect to your organization right now"),
            _("Your account is fine. %(company)s has to correct something on its side: contact us with the reference below."),
            asks=True,
            again=True,
        ),
    ),
    **SIGN_UP_TEXT,
}
STATUS_REASON = {404: "not_found", 405: "method", 413: "body_size", 414: "url_size"}
