"""`/admin/policies/replay`: a pasted draft is checked as a file, and past sign-ins are evaluated with it. Nothing is stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, request

from broker.domain.errors import BadRequest
from broker.domain.replay import ReplayChange
from broker.services.authorization import Right
from broker.services.policies import drafts
from broker.services.policies.drafts import DraftChange, DraftReplay
from broker.settings.policy_draft import LIMIT
from broker.web.admin import lists
from broker.web.admin.door import Door, StaffVisit
from broker.web.admin.forms import PostedForm
from broker.web.admin.names import Names
from broker.web.admin.policies.list_page import PATH
from broker.web.admin.policies.words import PolicyWords
from broker.web.i18n import Translator, _
from broker.web.pages import Pages

HERE = f"{PATH}/replay"
DAYS = ("7", "28", "90")
FIELDS = ("policy", "days", "draft")
CHANGES: Mapping[ReplayChange, tuple[str, str, str]] = {  # shape, colour of the bar, word
    ReplayChange.NEWLY_BLOCKED: ("stopped", "b-no", _("newly denied")),
    ReplayChange.NEWLY_ASKED: ("attention", "b-warn", _("newly asked")),
    ReplayChange.FREED: ("well", "b-good", _("no longer denied or asked")),
}
UNCHANGED = ("note", "b-rest", _("unchanged"))


def register(routes: Blueprint, door: Door) -> None:
    """The form and its answer."""
    service = door.broker.policy_views.drafts

    @routes.get(HERE)
    @door.page(Right.SEE_POLICIES)
    def admin_replay(visit: StaffVisit) -> Response:
        shown = lists.state(HERE, {"policy": lists.is_text})
        policy = shown.filters.get("policy", "")
        values = {"policy": policy, "days": DAYS[1], "draft": service.text(visit.actor, policy)}
        return _page(door, visit, values, None, keep=dict(shown.filters))

    @routes.post(HERE)
    @door.button(Right.SEE_POLICIES)
    def replay_draft(visit: StaffVisit) -> Response:
        form = PostedForm(request, FIELDS)
        if form.get("days") not in DAYS:
            raise BadRequest("bad_value", "days")
        values = {
            "policy": form.get("policy").strip(),
            "days": form.get("days"),
            "draft": form.get("draft").replace("\r\n", "\n"),
        }
        found = service.replay(visit.actor, values["policy"], values["draft"], int(values["days"]))
        return _page(door, visit, values, found)


def _page(
    door: Door, visit: StaffVisit, values: Mapping[str, str], found: DraftReplay | None, keep: dict[str, str] | None = None
) -> Response:
    pages, say = door.pages, door.pages.translator()
    errors = [] if found is None else problems(found)
    return door.render(
        visit,
        "admin_policies_replay.html",
        status=400 if errors else 200,
        here=PATH,
        keep=keep,
        shown_at=pages.path(HERE),
        action=pages.path(HERE),
        values=values,
        errors=errors,
        days=day_choices(say),
        answer=None if found is None or errors else answer(pages, say, Names.of(door.broker.core.settings()), found),
        limit=LIMIT,
        back_url=pages.path(PATH),
    )


def day_choices(say: Translator) -> list[tuple[str, str]]:
    """The options of the form."""
    return [(one, say.ngettext("%(num)s day", "%(num)s days", int(one))) for one in DAYS]


def problems(found: DraftReplay) -> list[dict[str, str]]:
    """What is wrong with the draft, as `broker check` prints it."""
    is_name = "/?" in found.draft.file
    return [{"field": "policy" if is_name else "draft", "message": str(one)} for one in found.draft.errors]


def answer(pages: Pages, say: Translator, names: Names, found: DraftReplay) -> dict[str, Any]:
    """The numbers with their bar, the rows, and the difference to the file."""
    words = PolicyWords(say, names)
    return {
        "figures": figures(say, found),
        "judged": found.judged,
        "affected": found.judged - found.unchanged,
        "most": drafts.SIGN_INS,
        "rows_most": drafts.ROWS,
        "is_cut": found.is_cut,
        "is_late": found.is_late,
        "by_network": found.by_network,
        "missing": found.missing,
        "rows": [_row(pages, say, names, words, one) for one in found.rows],
        "diff": [{"class": {"+": "plus", "-": "minus"}.get(sign, ""), "text": f"{sign} {line}"} for sign, line in found.diff],
        "added": sum(sign == "+" for sign, _line in found.diff),
        "removed": sum(sign == "-" for sign, _line in found.diff),
    }


def figures(say: Translator, found: DraftReplay) -> list[dict[str, Any]]:
    """One for each kind of change, and one for what stays; start and width are per cent of the bar."""
    changed = ((*look, found.sign_ins[kind], found.people[kind]) for kind, look in CHANGES.items())
    figures, start = [], 0.0
    for kind, colour, text, count, people in (*changed, (*UNCHANGED, found.unchanged, None)):
        width = 100 * count / max(1, found.judged)
        figures.append(
            {
                "kind": kind,
                "colour": colour,
                "text": say.gettext(text),
                "count": count,
                "people": people,
                "start": start,
                "width": width,
            }
        )
        start += width
    return figures


def _row(pages: Pages, say: Translator, names: Names, words: PolicyWords, one: DraftChange) -> dict[str, Any]:
    kind, _colour, text = CHANGES[one.change]
    return {
        "id": one.person_id,
        "user": one.user,
        "partner": names.partner(one.partner, say),
        "application": names.application(one.application) or say.gettext(_("Our own pages")),
        "kind": kind,
        "change": say.gettext(text),
        "asked": [words.requirement(word) for word in one.asked] if one.change is ReplayChange.NEWLY_ASKED else [],
        "reasons": one.reasons,
        "sign_ins": one.sign_ins,
        "receipts": [{"reference": reference, "url": pages.path(f"/admin/sign-ins/{reference}")} for reference in one.receipts],
    }
