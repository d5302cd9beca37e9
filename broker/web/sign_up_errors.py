"""What the error page says to a person who cannot sign up: part of the one table (broker/web/error_table.py)."""

from __future__ import annotations

from broker.web.error_text import ErrorText
from broker.web.i18n import _

SIGN_UP_TEXT: dict[str, ErrorText] = {
    "sign_up_closed": ErrorText(
        403,
        _("Nobody can sign up for this application any more"),
        _("Ask your contact at %(company)s to invite you."),
        asks=True,
    ),
    "sign_up_unverified": ErrorText(
        403,
        _("Your organization hasn't confirmed your e-mail address"),
        _("We need a confirmed address to sign you up. Use another account, or ask your contact at %(company)s to invite you."),
        _("Use another account"),
    ),
    "sign_up_proof": ErrorText(
        403,
        _("You can't sign up in this way"),
        _(
            "This application doesn't accept this kind of sign-in for signing up. Use another account, or ask your contact at %(company)s to invite you."
        ),
        _("Use another account"),
    ),
    "sign_up_address": ErrorText(
        403,
        _("There is already an account with this e-mail address"),
        _("This account uses another way to sign in. Sign in as you did before, or ask your contact at %(company)s for help."),
        _("Use another account"),
    ),
    "sign_up_request_unanswerable": ErrorText(
        403,
        _("Nobody can answer your request right now"),
        _("Nothing was stored. Ask your contact at %(company)s to invite you."),
        asks=True,
    ),
    "connector_blocked": ErrorText(
        403,
        _("The application doesn't let you in"),
        _("Nothing was stored. Your contact at %(company)s can look it up with the reference below."),
        asks=True,
        named=_("%(application)s doesn't let you in"),
    ),
    "connector_failed": ErrorText(
        503,
        _("A check that the application requires didn't work"),
        _("Nothing was stored. Wait a minute and try again. If it keeps happening, send us the reference below."),
        again=True,
        named=_("A check that %(application)s requires didn't work"),
    ),
    "connector_tries": ErrorText(
        429,
        _("Too many attempts"),
        _("Start again from the link or the form that brought you here."),
    ),
    "sign_ups_of_application": ErrorText(
        429,
        _("Too many people have signed up for this application today"),
        _("Nothing was stored. Try again tomorrow, or ask your contact at %(company)s to invite you."),
    ),
    "sign_ups_of_address": ErrorText(
        429,
        _("Too many people are signing up from your network"),
        _("Wait an hour and try again, or ask your contact at %(company)s to invite you."),
        again=True,
    ),
}
