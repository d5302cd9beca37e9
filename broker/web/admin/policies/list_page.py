"""`/admin/policies` and one policy: as the files define them, and how often each counted."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from markupsafe import Markup

from broker.services.authorization import Right
from broker.services.policies.catalog import PolicyEffect, PolicySeen, PolicyText
from broker.web.admin import lists
from broker.web.admin.door import Door, StaffVisit
from broker.web.admin.lists import ListState
from broker.web.admin.names import Names
from broker.web.admin.policies.words import STATES, PolicyWords
from broker.web.i18n import Translator, _
from broker.web.pages import Pages

PATH = "/admin/policies"
LISTED = 3  # names in a sentence of the list


def register(routes: Blueprint, door: Door) -> None:
    """The list, and one policy."""
    catalog, pages = door.broker.policy_views.catalog, door.pages

    @routes.get(PATH)
    @door.page(Right.SEE_POLICIES)
    def admin_policies(visit: StaffVisit) -> Response:
        lists.state(PATH, {})
        found = catalog.listed(visit.actor)
        words = PolicyWords(pages.translator(), Names.of(door.broker.core.settings()), LISTED)
        return door.render(
            visit,
            "admin_policies.html",
            here=PATH,
            keep={},
            rows=[row(pages, words, one) for one in found.policies],
            sign_ins=found.sign_ins,
            since=found.since,
            what_if_url=pages.path(f"{PATH}/what-if"),
            replay_url=pages.path(f"{PATH}/replay"),
            new_url=pages.path(f"{PATH}/new") if visit.rights.may(Right.KEEP_POLICIES) else "",
        )

    @routes.get(f"{PATH}/<policy>")
    @door.page(Right.SEE_POLICIES)
    def admin_policy(visit: StaffVisit, policy: str) -> Response:
        lists.state(f"{PATH}/{policy}", {})
        found = catalog.one(visit.actor, policy)
        words = PolicyWords(pages.translator(), Names.of(door.broker.core.settings()))
        return door.render(
            visit,
            "admin_policy.html",
            here=PATH,
            keep={},
            **one(pages, words, pages.translator(), found),
            back_url=pages.path(PATH),
        )


def row(pages: Pages, words: PolicyWords, seen: PolicySeen) -> dict[str, Any]:
    """A row of admin_policies.html."""
    file, (kind, word) = seen.file, STATES[seen.file.state]
    return {
        "id": file.id,
        "name": file.name,
        "url": pages.path(f"{PATH}/{file.id}"),
        "state": file.state,
        "kind": kind,
        "word": word,
        "whom": words.whom(file.users.include),
        "but": words.whom(file.users.exclude),
        "where": words.where(file),
        "when": words.when(file),
        "asks": words.asks(file),
        "week": seen.effect.week,
        "month": seen.effect.month,
        "missing": bool(seen.missing),
    }


def one(pages: Pages, words: PolicyWords, say: Translator, found: PolicyText) -> dict[str, Any]:
    """What admin_policy.html needs, without its links back."""
    file = found.seen.file
    always = [say.gettext(_("always"))]
    parts = (
        ("users", _("Whom it is about"), words.whom(file.users.include)),
        ("users", _("Whom it leaves out"), words.whom(file.users.exclude)),
        ("applications", _("Where"), [words.where(file)]),
        ("conditions", _("When"), words.when(file) or always),
        ("session" if _only_session(found) else "grant", _("What it does"), words.asks(file)),
    )
    return {
        "policy": row(pages, words, found.seen),
        "parts": [
            {"name": say.gettext(name), "texts": texts, "line": found.lines.get(key)} for key, name, texts in parts if texts
        ],
        "path": found.seen.path,
        "text": found.text.splitlines(),
        "in_force": found.in_force,
        "missing": found.seen.missing,
        "effect": effect(say, found.seen.effect, report_only=file.state == "report_only"),
        "sign_ins": found.sign_ins,
        "since": found.since,
        "sign_ins_url": pages.path(ListState("/admin/sign-ins", {"reason": "policy_blocked"}).url()),
        "replay_url": pages.path(ListState(f"{PATH}/replay", {"policy": file.id}).url()),
        "what_if_url": pages.path(f"{PATH}/what-if"),
    }


def _only_session(found: PolicyText) -> bool:
    grant = found.seen.file.grant
    return not grant.block and not grant.require


def effect(say: Translator, counted: PolicyEffect, *, report_only: bool) -> list[tuple[Markup, str]]:
    """(what, how often) in 28 days. report_only: it only would have."""
    texts = (
        (_("would have denied access"), _("would have asked for something"), _("could not be evaluated"))
        if report_only
        else (_("denied access"), _("asked for something"), _("could not be evaluated, and denied access"))
    )
    counts = (counted.blocked, counted.required, counted.error)
    return [(say.gettext(text), say.number(count)) for text, count in zip(texts, counts, strict=True)]
