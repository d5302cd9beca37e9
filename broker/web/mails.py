"""Mails in words: the pages' templates, catalogues and colours, without a request (docs/decisions/0009-mail-texts.md)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

from broker.domain.mail import Mail, MailKind, Written
from broker.settings.load import Settings
from broker.web import brand
from broker.web.attributes import labelled
from broker.web.i18n import Languages, Translator, _, choose
from broker.web.pages import environment, isolate

_BLANK = re.compile(r"\n{3,}")


class Mails:
    """Renders mails in the guest's language."""

    def __init__(self, settings_now: Callable[[], Settings]) -> None:
        self._settings_now = settings_now
        self._languages = Languages()
        self._environment = environment()

    def write(self, mail: Mail) -> Written:
        """Subject, text and HTML. Raises nothing for input: values are filled in as text, never as markup."""
        settings = self._settings_now()
        language = choose(self._languages.offered(settings.broker.languages), [mail.language])
        translator = self._languages.translator(language)
        organization, logo = settings.broker.organization, brand.logo_png(settings.home)
        shared = {
            **mail.values,
            "date": translator.date,
            "end": translator.end,
            "language": language,
            "direction": translator.direction,
            "company": organization.name,
            "support_url": str(organization.support_url or ""),
            "privacy_url": str(organization.privacy_url or ""),
            "accent": brand.accent_hex(settings.home),
            "logo": logo is not None,
            "wordmark": brand.name_is_hidden(settings.home),
        }
        told = mail.values.get("attributes")
        shared["attributes"] = labelled(told, translator, plain=True) if isinstance(told, dict) else []
        subject = _SUBJECTS[mail.kind](translator, organization.name, mail)
        shared["subject"] = subject
        return Written(
            subject,
            self._render(f"mail/{mail.kind}.txt", {**shared, "isolate": _isolated}, translator.plain),
            self._render(f"mail/{mail.kind}.html", {**shared, "isolate": isolate}, translator.gettext),
            logo,
        )

    def _render(self, template: str, values: dict[str, object], say: Callable[..., str]) -> str:
        text = self._environment.get_template(template).render({**values, "_": say, "gettext": say})
        return _BLANK.sub("\n\n", "\n".join(line.rstrip() for line in text.splitlines())).strip() + "\n"


def _isolated(name: str) -> str:
    """In plain text only where it is needed: many programs show the controls as boxes."""
    return isolate(name) if any(unicodedata.bidirectional(c) in ("R", "AL", "AN") for c in name) else name


def _invitation(translator: Translator, company: str, mail: Mail) -> str:
    """Who invites, where somebody does: a name that the guest knows opens a mail, a company's alone looks like advertising."""
    say, application, inviter = translator.plain, str(mail.values["application"]), str(mail.values["inviter"])
    if inviter and application:
        return say(
            "%(inviter)s (%(company)s) invites you to %(application)s", inviter=inviter, company=company, application=application
        )
    if inviter:
        return say("%(inviter)s (%(company)s) invites you", inviter=inviter, company=company)
    if application:
        return say("%(company)s invites you to %(application)s", company=company, application=application)
    return say("%(company)s invites you", company=company)


def _move(translator: Translator, company: str, _mail: Mail) -> str:
    say = translator.plain
    return say("%(company)s: reconnect your account", company=company)


def _mismatch(translator: Translator, company: str, mail: Mail) -> str:
    say, guest = translator.plain, str(mail.values["guest"])
    return say("%(company)s: somebody else opened the invitation for %(guest)s", company=company, guest=guest)


def _code(translator: Translator, company: str, mail: Mail) -> str:
    """The digits first: what a telephone shows of a subject, and where it looks for a code to fill in."""
    return translator.plain("%(code)s is your code for %(company)s", code=str(mail.values["code"]), company=company)


def _factor_reset(translator: Translator, company: str, mail: Mail) -> str:
    say, guest = translator.plain, str(mail.values["guest"])
    return say("%(company)s: has %(guest)s lost their phone?", company=company, guest=guest)


def _identity(translator: Translator, company: str, mail: Mail) -> str:
    say, guest = translator.plain, str(mail.values["guest"])
    return say("%(company)s: is this still %(guest)s?", company=company, guest=guest)


def _first_method(translator: Translator, company: str, mail: Mail) -> str:
    say, guest = translator.plain, str(mail.values["guest"])
    return say("%(company)s: may %(guest)s add a second step?", company=company, guest=guest)


def _factors(translator: Translator, company: str, mail: Mail) -> str:
    return translator.plain(_CHANGES[str(mail.values["what"])], company=company)


_CHANGES = {  # what happened to a person's methods -> the subject
    "added": _("A sign-in method was added at %(company)s"),
    "removed": _("A sign-in method was removed at %(company)s"),
    "recovery_used": _("A recovery code was used at %(company)s"),
    "recovery_renewed": _("You have new recovery codes at %(company)s"),
    "copied": _("One of your passkeys at %(company)s may have been copied"),
    "reset_asked": _("Somebody asked to reset your sign-in methods at %(company)s"),
    "reset_due": _("Your sign-in methods at %(company)s will be reset"),
    "reset_stopped": _("Your sign-in methods at %(company)s stay as they are"),
    "reset": _("Your sign-in methods at %(company)s were reset"),
    "first_asked": _("Somebody asked to add a second step to your sign-in at %(company)s"),
    "first_due": _("A second step can soon be added to your sign-in at %(company)s"),
    "first_vouched": _("You can add a second step to your sign-in at %(company)s"),
}


def _access_request(translator: Translator, company: str, mail: Mail) -> str:
    say, guest, application = translator.plain, str(mail.values["guest"]), str(mail.values["application"])
    return say("%(company)s: %(guest)s asks for %(application)s", company=company, guest=guest, application=application)


def _access_answer(translator: Translator, company: str, mail: Mail) -> str:
    text = _ANSWERS[str(mail.values["state"])]
    return translator.plain(text, company=company, application=str(mail.values["application"]))


_ANSWERS = {  # what became of a request -> the subject
    "open": _("Your request for %(application)s at %(company)s"),
    "approved": _("You have access to %(application)s at %(company)s"),
    "refused": _("No access to %(application)s at %(company)s"),
    "expired": _("Nobody answered your request for %(application)s at %(company)s"),
}


def _review(translator: Translator, company: str, mail: Mail) -> str:
    say, application = translator.plain, str(mail.values["application"])
    if application:
        return say("%(company)s: who still needs %(application)s?", company=company, application=application)
    return say("%(company)s: who still needs access?", company=company)


def _setup_link(translator: Translator, company: str, mail: Mail) -> str:
    say, partner = translator.plain, str(mail.values["partner"])
    return say("%(company)s: how do people of %(partner)s sign in?", company=company, partner=partner)


def _renewal(translator: Translator, _company: str, mail: Mail) -> str:
    say = translator.plain
    return say("Does %(guest)s still need access?", guest=mail.values["guest"])


def _ending(translator: Translator, company: str, mail: Mail) -> str:
    say, until = translator.plain, translator.end(int(str(mail.values["ends_at"])))
    return say("Your access to %(company)s ends on %(until)s", company=company, until=until)


_SUBJECTS: dict[MailKind, Callable[[Translator, str, Mail], str]] = {
    MailKind.CODE: _code,
    MailKind.INVITATION: _invitation,
    MailKind.MOVE: _move,
    MailKind.MISMATCH: _mismatch,
    MailKind.FACTOR_RESET: _factor_reset,
    MailKind.IDENTITY: _identity,
    MailKind.FIRST_METHOD: _first_method,
    MailKind.FACTORS: _factors,
    MailKind.RENEWAL: _renewal,
    MailKind.ACCESS_REQUEST: _access_request,
    MailKind.ACCESS_ANSWER: _access_answer,
    MailKind.REVIEW: _review,
    MailKind.SETUP_LINK: _setup_link,
    MailKind.ENDING: _ending,
}
