"""One sign-in in words: its steps as a thread, the one that stopped in full, and what to pass on to whom."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from broker.domain.receipt import Outcome
from broker.domain.times import DAY, iso
from broker.services.doctor import advice
from broker.services.doctor.finding import Side
from broker.services.history.views import SignInView
from broker.web.admin.lists import ListState
from broker.web.admin.names import Names
from broker.web.errors import sentence_of
from broker.web.i18n import Translator, _
from broker.web.pages import Pages

PASSED, ASKED, WARNED, STOPPED, AHEAD = "passed", "asked", "warned", "stopped", "ahead"
# (step, result of domain/trail.py) -> state and sentence; "" as result: every other one. %(partner)s, %(application)s are names.
STEPS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("started", ""): (PASSED, _("The sign-in started")),
    ("started_over", ""): (ASKED, _("They started again with another account")),
    ("home", "session"): (PASSED, _("They kept the account that is signed in")),
    ("home", "unknown"): (ASKED, _("No organization is known for their address")),
    ("home", ""): (PASSED, _("Their organization was found")),
    ("upstream", "sent"): (ASKED, _("We sent them to %(partner)s")),
    ("upstream", "vouched"): (PASSED, _("%(partner)s confirmed who they are")),
    ("upstream", "refused"): (STOPPED, _("The answer from %(partner)s was refused")),
    ("upstream", "no more proof"): (WARNED, _("%(partner)s gave no second step")),
    ("upstream", "subject format refused"): (WARNED, _("%(partner)s does not have the identifier that we asked for")),
    ("code", "sent"): (ASKED, _("We sent a code by e-mail")),
    ("code", "proven"): (PASSED, _("They entered the code")),
    ("code", "refused"): (WARNED, _("They entered a wrong code")),
    ("code", "declined"): (WARNED, _("They did not want a code by e-mail")),
    ("passkey", "refused"): (WARNED, _("Their passkey was not accepted")),
    ("passkey", ""): (PASSED, _("They signed in with their passkey")),
    ("moved", ""): (PASSED, _("Their identity moved to %(partner)s")),
    ("groups", ""): (PASSED, _("The rules of groups were checked")),
    ("redeem", ""): (PASSED, _("They accepted the invitation")),
    ("sign_up", "approved"): (PASSED, _("They signed up for %(application)s, and got access at once")),
    ("sign_up", ""): (ASKED, _("They signed up for %(application)s: an owner decides")),
    ("connector", "continue"): (PASSED, _("The connector of %(application)s let them go on")),
    ("connector", "invalid"): (ASKED, _("The connector of %(application)s asked for a correction")),
    ("connector", "block"): (STOPPED, _("The connector of %(application)s refused them")),
    ("connector", ""): (STOPPED, _("The connector of %(application)s gave no answer that can be used")),
    ("terms", ""): (PASSED, _("They accepted the terms of use")),
    ("consent", ""): (PASSED, _("They agreed to share their data")),
    ("challenge", "refused"): (WARNED, _("The second step failed")),
    ("challenge", "skipped"): (ASKED, _("They continued without the second step")),
    ("challenge", ""): (PASSED, _("They completed the second step")),
    ("enroll", "refused"): (WARNED, _("A new sign-in method was not accepted")),
    ("enroll", ""): (PASSED, _("They added a sign-in method")),
    ("issued", ""): (PASSED, _("%(application)s got its answer")),
    ("denied", ""): (STOPPED, _("The sign-in was refused")),
    ("given_up", ""): (STOPPED, _("They cancelled")),
    ("abandoned", ""): (STOPPED, _("They left, and the sign-in expired")),
}
HEADINGS: Mapping[Outcome, str] = {
    Outcome.ALLOWED: _("%(person)s got into %(application)s"),
    Outcome.BLOCKED: _("%(person)s did not get into %(application)s"),
    Outcome.FAILED: _("%(person)s did not get into %(application)s"),
    Outcome.ABANDONED: _("%(person)s did not finish the sign-in to %(application)s"),
}
SIDES: Mapping[Side, str] = {
    Side.OURS: _("We can change it"),
    Side.PARTNER: _("The partner's IT can change it"),
    Side.APPLICATION: _("The application's developers can change it"),
    Side.PERSON: _("The person can change it"),
}
_SHOWN = (
    "acr",
    "amr",
    "auth_time",
    "skew",
    "method",
    "scopes",
    "version",
    "invitation",
    "acr_values",
    "max_age",
    "email_verified",
)


def context(pages: Pages, say: Translator, names: Names, now: int, found: SignInView) -> dict[str, Any]:
    """What admin_sign_in.html needs."""
    said = {
        "person": found.user or say.plain(_("Somebody unknown")),
        "application": names.application(found.application) or say.plain(_("our pages")),
        "partner": names.partner(found.partner, say) or say.plain(_("their organization")),
    }
    steps = [_step(names, say, said, one) for one in found.steps]
    if found.outcome is not Outcome.ALLOWED and steps:
        steps[-1]["full"] = True
        steps.append(_blank(AHEAD, say.gettext(_("%(application)s gets no answer"), **said)))
    told = advice.of(found.reason, _detail(found)) if found.error or found.outcome is Outcome.FAILED else None
    return {
        "heading": say.gettext(HEADINGS[found.outcome], **said),
        "claimed": found.claimed,
        "reference": found.request_id,
        "at": found.at,
        "sentence": say.gettext(text, company=names.company) if (text := sentence_of(found.error or "")) else "",
        "steps": steps,
        "reason": found.reason,
        "detail": _detail(found),
        "advice": None
        if told is None
        else {"expected": told.expected, "change": told.change, "side": say.gettext(SIDES[told.side])},
        "share": _share(found, said, told) if told is not None and told.side in (Side.PARTNER, Side.APPLICATION) else "",
        "share_with": said["partner"] if told is not None and told.side is Side.PARTNER else said["application"],
        "policies": [dict(one) for one in found.policies],
        "facts": _facts(say, found, said),
        "like_url": _like(pages, now, found),
        "person_url": pages.path(f"/admin/guests/{found.person_id}") if found.person_id else "",
    }


def _detail(found: SignInView) -> str:
    return next((str(step["detail"]) for step in reversed(found.steps) if step.get("detail")), found.sent or "")


def _step(names: Names, say: Translator, said: Mapping[str, str], step: Mapping[str, Any]) -> dict[str, Any]:
    what, result = str(step.get("step", "")), str(step.get("result", ""))
    state, sentence = STEPS.get((what, result)) or STEPS.get((what, "")) or (ASKED, "")
    here = {**said, "partner": names.partner(step["partner"], say)} if step.get("partner") else said
    return _blank(state, say.gettext(sentence, **here) if sentence else f"{what} {result}") | {
        "when": _time(step.get("at")),
        "reason": str(step.get("reason") or ""),
        "facts": [(name, _word(step[name])) for name in _SHOWN if step.get(name) not in (None, "", [], False)],
        "gates": [
            (str(one.get("gate", "")), str(one.get("result", "")), str(one.get("reason") or "")) for one in step.get("gates", ())
        ],
    }


def _time(at: object) -> str:
    """The time of day, exact and in UTC, as the partner's own log has it."""
    return iso(at)[11:19] if isinstance(at, int) else ""


def _blank(state: str, text: str) -> dict[str, Any]:
    return {"state": state, "text": text, "when": "", "reason": "", "facts": [], "gates": [], "full": False}


def _word(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _facts(say: Translator, found: SignInView, said: Mapping[str, str]) -> list[tuple[str, str]]:
    pairs = (
        (_("Time"), say.moment(found.at)),
        (_("Application"), said["application"] if found.application else ""),
        (_("Partner"), said["partner"] if found.partner else ""),
        (_("Reason"), found.reason),
        (_("Network address"), found.address),
        (_("Sent"), found.sent or ""),
        (_("Registered"), ", ".join(found.registered)),
        (_("Configuration"), found.config),
    )
    return [(say.plain(name), value) for name, value in pairs if value]


def _share(found: SignInView, said: Mapping[str, str], told: advice.Advice) -> str:
    """The share of the partner's IT, or of the developers: no person, no network address, nothing of others."""
    lines = [
        f"Reference: {found.request_id}",
        f"Time: {iso(found.at)}",
        f"Partner: {said['partner']}" if told.side is Side.PARTNER else f"Application: {said['application']}",
        f"Reason: {found.reason}",
        f"Seen: {_detail(found)}" if _detail(found) else "",
        f"Expected: {told.expected}",
        f"To do: {told.change}",
    ]
    return "\n".join(line for line in lines if line)


def _like(pages: Pages, now: int, found: SignInView) -> str:
    """The list of the sign-ins with this reason at this partner in the seven days up to now."""
    if not found.reason:
        return ""
    since = iso(max(0, now - 7 * DAY))[:10]
    filters = {
        "partner": found.partner or "",
        "application": "" if found.partner else found.application or "",
        "reason": found.reason,
    }
    return pages.path(ListState("/admin/sign-ins", {**filters, "since": since}).url())
