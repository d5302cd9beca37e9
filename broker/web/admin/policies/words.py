"""A policy in plain sentences: whom it is about, where, when, and what it asks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from broker.settings.policy_file import People, PolicyFile
from broker.web.admin.applications.file_words import span
from broker.web.admin.names import Names
from broker.web.i18n import Translator, _
from broker.web.pages import isolate

STATES: Mapping[str, tuple[str, str]] = {  # state -> its shape and word
    "enabled": ("well", _("In force")),
    "report_only": ("note", _("Report only")),
    "disabled": ("ended", _("Off")),
}
ASKS: Mapping[str, str] = {
    "mfa": _("Asks for a second step"),
    "phishing_resistant_mfa": _("Asks for a second step that cannot be phished"),
    "terms_of_use": _("Asks to accept the terms of use"),
}
NAMED = 12  # names in one sentence; the others are counted


class PolicyWords:
    """The sentences of one language. most: names in one sentence."""

    def __init__(self, say: Translator, names: Names, most: int = NAMED) -> None:
        self._say = say
        self._names = names
        self._most = most

    def whom(self, people: People) -> list[Markup]:
        """One phrase for each key that names somebody."""
        say = self._say
        found = [say.gettext(_("all guests"))] if people.guests == "all" else []
        if people.members:
            found.append(say.gettext(_("members of staff")))
        if people.groups:
            found.append(say.gettext(_("people in the groups %(names)s"), names=self._some(people.groups)))
        if people.partners:
            partners = [self._names.partner(one, say) for one in people.partners]
            found.append(say.gettext(_("people who sign in at %(names)s"), names=self._some(partners)))
        if people.guests and people.guests != "all":
            found.append(say.gettext(_("the guests %(names)s"), names=self._some(people.guests)))
        return found

    def where(self, file: PolicyFile) -> Markup:
        """Which applications."""
        say, left_out = self._say, [self._names.application(one) for one in file.applications.exclude]
        if file.applications.include != "all":
            shown = [self._names.application(one) for one in file.applications.include if one not in file.applications.exclude]
            return Markup("{}").format(self._some(shown))
        if left_out:
            return say.gettext(_("every application and our own pages, but not %(names)s"), names=self._some(left_out))
        return say.gettext(_("every application and our own pages"))

    def when(self, file: PolicyFile) -> list[Markup]:
        """One sentence for each condition; none: always."""
        say, networks, proven = self._say, file.conditions.networks, file.conditions.partner_mfa
        found = []
        if networks.include:
            found.append(say.gettext(_("only from the networks %(names)s"), names=self._some(networks.include)))
        if networks.exclude:
            found.append(say.gettext(_("not from the networks %(names)s"), names=self._some(networks.exclude)))
        if proven is not None:
            found.append(
                say.gettext(_("only if a trusted partner did the second step"))
                if proven
                else say.gettext(_("only if no trusted partner did a second step"))
            )
        return found

    def asks(self, file: PolicyFile) -> list[Markup]:
        """One sentence for each thing that the policy requires."""
        say = self._say
        if file.grant.block:
            return [say.gettext(_("Denies access"))]
        found = [say.gettext(ASKS[word]) for word in file.grant.require]
        if file.session.sign_in_frequency is not None:
            age = span(file.session.sign_in_frequency, say)
            found.append(say.gettext(_("Asks to sign in again after %(time)s"), time=age))
        return found

    def requirement(self, word: str) -> Markup:
        """One requirement of a replay: a word of `grant.require`, or a younger sign-in."""
        text = ASKS.get(word)
        return self._say.gettext(text) if text else self._say.gettext(_("Asks to sign in again"))

    def _some(self, names: Sequence[str]) -> str:
        shown, rest = ", ".join(map(isolate, names[: self._most])), len(names) - self._most
        if rest <= 0:
            return shown
        return self._say.ngettext("%(names)s and %(num)s more", "%(names)s and %(num)s more", rest, names=shown)
