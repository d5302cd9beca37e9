"""`/admin/policies/what-if`: what the policies would decide about one sign-in. The address is the question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Blueprint, Response
from markupsafe import Markup

from broker.domain.errors import CommandError
from broker.domain.mailbox import PARTNER as CODES
from broker.domain.policy import Result
from broker.services.authorization import Right
from broker.services.policies.policies import WhatIfView
from broker.web.admin import lists
from broker.web.admin.applications.file_words import span
from broker.web.admin.door import Door, StaffVisit
from broker.web.admin.lists import ListState
from broker.web.admin.names import Names
from broker.web.admin.policies.list_page import PATH
from broker.web.admin.policies.words import STATES, PolicyWords
from broker.web.i18n import Translator, _
from broker.web.pages import Pages, isolate

OWN_PAGES = "-"  # no client id can be this
_FILTERS = {
    "person": lists.is_text, "application": lists.is_text, "partner": lists.is_text, "ip": lists.is_text, "mfa": lists.one_of(("yes",)),
}  # fmt: skip
WRONG = {  # reason -> field and text
    "address_invalid": ("person", _("This is no e-mail address and no id.")),
    "person_unknown": ("person", _("Nobody here has this address or id.")),
    "application_unknown": ("application", _("There is no such application.")),
    "partner_unknown": ("partner", _("There is no such partner.")),
    "ip_invalid": ("ip", _("This is no IP address. Write one, such as 192.0.2.7.")),
}
STEPS = {"blocked": "stopped", "error": "stopped", "required": "asked", "not_matched": "ahead"}
RESULTS = {
    "blocked": _("denies access"),
    "required": _("asks for something"),
    "not_matched": _("does not apply"),
    "error": _("cannot be evaluated, so it denies access"),
}


def register(routes: Blueprint, door: Door) -> None:
    """The form and its answer."""
    service, pages = door.broker.policies, door.pages

    @routes.get(f"{PATH}/what-if")
    @door.page(Right.SEE_POLICIES)
    def admin_what_if(visit: StaffVisit) -> Response:
        shown = lists.state(f"{PATH}/what-if", _FILTERS)
        asked, found, errors = shown.filters, None, []
        if "person" in asked and "application" in asked:
            try:
                found = service.what_if(
                    visit.actor,
                    asked["person"],
                    None if asked["application"] == OWN_PAGES else asked["application"],
                    asked.get("ip"),
                    partner=asked.get("partner"),
                    partner_mfa="mfa" in asked,
                )
            except CommandError as error:
                if error.reason not in WRONG:
                    raise
                errors.append(WRONG[error.reason])
        return _page(door, visit, shown, found, errors)

    def _page(
        door: Door, visit: StaffVisit, shown: ListState, found: WhatIfView | None, errors: Sequence[tuple[str, str]]
    ) -> Response:
        settings, say = door.broker.core.settings(), pages.translator()
        names = Names.of(settings)
        return door.render(
            visit,
            "admin_policies_what_if.html",
            status=400 if errors else 200,
            here=PATH,
            keep=dict(shown.filters),
            action=pages.path(f"{PATH}/what-if"),
            asked=shown.filters,
            errors=[{"field": field, "message": say.gettext(text)} for field, text in errors],
            answer=None
            if found is None
            else answer(pages, say, names, {one.id: one.name for one in settings.policies.values()}, found),
            back_url=pages.path(PATH),
            **choices(names, say),
        )


def choices(names: Names, say: Translator) -> dict[str, Any]:
    """The options of the form."""
    codes = (CODES, names.partner(CODES, say))
    return {
        "applications": [
            ("", say.gettext(_("Choose one"))),
            *_by_name(names.applications),
            (OWN_PAGES, say.gettext(_("Our own pages"))),
        ],
        "partners": [("", say.gettext(_("Where they sign in now"))), *_by_name(names.partners), codes],
    }


def _by_name(names: Mapping[str, str]) -> list[tuple[str, str]]:
    return sorted(names.items(), key=lambda one: one[1].casefold())


def answer(pages: Pages, say: Translator, names: Names, policies: Mapping[str, str], found: WhatIfView) -> dict[str, Any]:
    """The thread: who, each policy, and the verdict. policies: id -> name."""
    where = names.application(found.application) if found.application is not None else say.plain(_("our own pages"))
    said = {"person": isolate(found.user), "application": isolate(where)}
    words = PolicyWords(say, names)
    asked = [words.requirement(word) for word in found.require]
    if found.sign_in_frequency is not None:
        asked.append(say.gettext(_("Asks to sign in again after %(time)s"), time=span(found.sign_in_frequency, say)))
    return {
        "heading": _heading(say, said, found, is_asked=bool(asked)),
        "facts": _facts(say, names, found),
        "steps": [*(_step(pages, say, policies, one) for one in found.policies), _verdict(say, found, asked=asked)],
        "asked": asked,
        "notes": found.notes,
    }


def _heading(say: Translator, said: Mapping[str, str], found: WhatIfView, *, is_asked: bool) -> Markup:
    if found.outcome == "blocked":
        return say.gettext(_("The policies would keep %(person)s out of %(application)s"), **said)
    if is_asked:
        return say.gettext(_("The policies would ask %(person)s for more at %(application)s"), **said)
    return say.gettext(_("The policies would ask nothing more of %(person)s at %(application)s"), **said)


def _facts(say: Translator, names: Names, found: WhatIfView) -> list[tuple[str, str]]:
    pairs = (
        (_("Signs in at"), names.partner(found.partner, say)),
        (_("Groups"), ", ".join(map(isolate, found.groups)) or say.plain(_("none"))),
        (_("Network address"), found.ip or say.plain(_("outside all networks that policies name"))),
        (_("Second step at a trusted partner"), say.plain(_("yes")) if found.partner_mfa else say.plain(_("no"))),
    )
    return [(say.plain(name), value) for name, value in pairs]


def _step(pages: Pages, say: Translator, policies: Mapping[str, str], one: Result) -> dict[str, Any]:
    """One policy. Its reason is English everywhere, as in receipts."""
    report_only, matched = one.state == "report_only", one.result != "not_matched"
    name = Markup('<a href="{}">{}</a>').format(pages.path(f"{PATH}/{one.id}"), isolate(policies.get(one.id, one.id)))
    text = say.gettext(_("%(policy)s: %(result)s"), policy=name, result=say.gettext(RESULTS[one.result]))
    return {
        "state": "warned" if report_only and matched else STEPS[one.result],
        "text": text,
        "when": say.gettext(STATES[one.state][1]) if report_only else "",
        "reason": "",
        "english": one.reason,
    }


def _verdict(say: Translator, found: WhatIfView, *, asked: Sequence[Markup]) -> dict[str, Any]:
    if found.outcome == "blocked":
        state, text = "stopped", say.gettext(_("Access is denied"))
    elif asked:
        state, text = "passed", say.gettext(_("Access, once what is asked for is done"))
    else:
        state, text = "passed", say.gettext(_("The policies allow access"))
    return {"state": state, "text": text, "when": "", "reason": "", "english": ""}
