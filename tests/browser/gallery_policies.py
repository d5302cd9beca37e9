"""The policies' pages of the portal for the gallery."""

from __future__ import annotations

from typing import Any

from broker.domain.policy import Result
from broker.domain.replay import ReplayChange
from broker.domain.times import DAY
from broker.services.policies.catalog import PolicyEffect, PolicySeen, PolicyText
from broker.services.policies.drafts import DraftChange, DraftReplay
from broker.services.policies.policies import WhatIfView
from broker.settings.errors import ConfigError
from broker.settings.policy_draft import LIMIT, PolicyDraft
from broker.settings.policy_file import PolicyFile
from broker.web.admin.names import Names
from broker.web.admin.policies import list_page, new, replay, what_if
from broker.web.admin.policies.words import PolicyWords
from broker.web.pages import Pages
from tests.browser.sample import NOW, Sample

POLICIES = (
    "admin-policies", "admin-policies-none", "admin-policy", "admin-policies-what-if", "admin-policies-what-if-blocked",
    "admin-policies-replay", "admin-policies-replay-error", "admin-policies-replay-answer", "admin-policy-new", "admin-policy-new-error",
    "admin-policy-new-written",
)  # fmt: skip
_NAMES = Names(
    company="Contoso",
    applications={"payroll": "Payroll", "travel": "Travel"},
    partners={"fabrikam": "Fabrikam", "tailspin": "Tailspin", "adatum": "Adatum"},
)
TEXT = """name: Payroll asks guests for a second factor
state: enabled
users:
  include: {guests: all}
  exclude: {groups: [Break glass]}
applications: {include: [payroll]}
conditions:
  networks: {exclude: [192.0.2.0/24]}
grant: {require: [mfa]}
session: {sign_in_frequency: 4h}
"""
_MFA: dict[str, Any] = {
    "name": "Payroll asks guests for a second factor",
    "users": {"include": {"guests": "all"}, "exclude": {"groups": ["Break glass"]}},
    "applications": {"include": ["payroll"]},
    "conditions": {"networks": {"exclude": ["192.0.2.0/24"]}},
    "grant": {"require": ["mfa"]},
    "session": {"sign_in_frequency": "4h"},
}
_BLOCK: dict[str, Any] = {
    "name": "Nobody of Adatum and Tailspin",
    "users": {"include": {"partners": ["adatum", "tailspin"]}},
    "grant": {"block": True},
}
_TERMS: dict[str, Any] = {
    "name": "Travel shows the terms of use",
    "state": "report_only",
    "users": {"include": {"groups": [f"Project {n}" for n in range(1, 8)], "members": True}},
    "applications": {"exclude": ["payroll"]},
    "grant": {"require": ["phishing_resistant_mfa", "terms_of_use"]},
}


def _file(name: str, content: dict[str, Any]) -> PolicyFile:
    return PolicyFile.model_validate(content, context={"id": name})


def _seen(name: str, content: dict[str, Any], effect: PolicyEffect, *missing: str) -> PolicySeen:
    return PolicySeen(file=_file(name, content), path=f"config/policies/{name}.yaml", effect=effect, missing=missing)


MFA = _seen("payroll-mfa", _MFA, PolicyEffect(required=1320, week=318))
SEEN = (
    _seen("no-adatum", _BLOCK, PolicyEffect(blocked=12, week=3)),
    MFA,
    _seen("terms", _TERMS, PolicyEffect(required=44, error=1, week=9), "names group 'Project 9', which doesn't exist"),
    _seen("old", {**_MFA, "name": "The one of last year", "state": "disabled"}, PolicyEffect()),
)
ANSWER = WhatIfView(
    user="ada@fabrikam.example", person_id="p", application="payroll", partner="fabrikam", groups=("Finance", "Project 1"), ip=None,
    partner_mfa=False, outcome="allowed", error=None, require=("mfa",), sign_in_frequency=14400, reasons=(),
    policies=(
        Result("no-adatum", "enabled", "not_matched", "is about other people"),
        Result("payroll-mfa", "enabled", "required", "about all guests: asks for multi-factor authentication"),
        Result("terms", "report_only", "required", "about the group Project 1: asks for the terms of use"),
    ),
    notes=("the application asks for an assignment, which the guest does not have",),
)  # fmt: skip
CHANGES = tuple(
    DraftChange(
        change=change, person_id=user, user=user, application="payroll", partner=partner, asked=asked, reasons=(reason,), sign_ins=count,
        receipts=tuple(f"7KQ4-M2XT-9R{n}B" for n in range(min(count, 5))),
    )
    for change, user, partner, asked, reason, count in (
        (ReplayChange.NEWLY_BLOCKED, "lena@adatum.example", "adatum", (), "payroll-mfa: about all guests: denies access", 7),
        (ReplayChange.NEWLY_ASKED, "ada@fabrikam.example", "fabrikam", ("mfa", "sign_in"), "payroll-mfa: about all guests: asks for multi-factor authentication and a sign-in not older than 4h", 31),
        (ReplayChange.FREED, "ravi@tailspin.example", "tailspin", (), "no policy blocks it any more", 2),
    )
)  # fmt: skip
REPLAY = DraftReplay(
    draft=PolicyDraft("config/policies/payroll-mfa.yaml", _file("payroll-mfa", _MFA), ()),
    judged=3412,
    sign_ins={ReplayChange.NEWLY_BLOCKED: 12, ReplayChange.NEWLY_ASKED: 318, ReplayChange.FREED: 41},
    people={ReplayChange.NEWLY_BLOCKED: 4, ReplayChange.NEWLY_ASKED: 40, ReplayChange.FREED: 6},
    by_network=120,
    is_cut=True,
    rows=CHANGES,
    diff=(
        (" ", "name: Payroll asks guests for a second factor"),
        ("-", "state: report_only"),
        ("+", "state: enabled"),
        (" ", "users:"),
        (" ", "  include: {guests: all}"),
    ),
)
WRONG = PolicyDraft(
    "config/policies/payroll-mfa.yaml",
    None,
    (
        ConfigError("config/policies/payroll-mfa.yaml", 3, "stat", "is an unknown key; did you mean state?"),
        ConfigError("config/policies/payroll-mfa.yaml", 9, "grant.require.0", "'mfaa' is not known here; did you mean mfa?"),
    ),
)


def policy_samples(pages: Pages, frame: dict[str, Any]) -> dict[str, Sample]:
    """Name -> sample. frame: what the door of the portal adds to each page."""
    say = pages.languages.translator("en")
    few, words = PolicyWords(say, _NAMES, list_page.LISTED), PolicyWords(say, _NAMES)
    links = {"what_if_url": "/x", "replay_url": "/x", "new_url": "/x", "back_url": "/x"}
    listed = {
        **frame,
        **links,
        "rows": [list_page.row(pages, few, one) for one in SEEN],
        "sign_ins": 5000,
        "since": NOW - 9 * DAY,
    }
    text = PolicyText(
        seen=MFA,
        sign_ins=2204,
        since=None,
        text=TEXT,
        lines={"users": 3, "grant": 9, "session": 10, "conditions": 7},
        in_force=False,
    )
    one = {**frame, **list_page.one(pages, words, say, text), "back_url": "/x"}
    return {
        "admin-policies": Sample("admin_policies.html", "admin-policies", listed),
        "admin-policies-none": Sample(
            "admin_policies.html", "admin-policies", {**listed, "rows": [], "sign_ins": 0, "since": None}
        ),
        "admin-policy": Sample("admin_policy.html", "admin-policy", one),
        **_what_if(pages, frame),
        **_replay(pages, frame),
        **_new(pages, frame),
    }


def _what_if(pages: Pages, frame: dict[str, Any]) -> dict[str, Sample]:
    say = pages.languages.translator("en")
    names = {one.file.id: one.file.name for one in SEEN}
    asked = {"person": "ada@fabrikam.example", "application": "payroll"}
    form = {**frame, "asked": asked, "errors": [], "back_url": "/x", **what_if.choices(_NAMES, say)}
    blocked = {
        **{name: getattr(ANSWER, name) for name in WhatIfView.__slots__},
        "outcome": "blocked",
        "policies": (Result("no-adatum", "enabled", "blocked", "about people of adatum: denies access"), *ANSWER.policies[1:]),
        "require": (),
        "sign_in_frequency": None,
    }
    found = WhatIfView(**blocked)
    template, page = "admin_policies_what_if.html", "admin-policies-what-if"
    return {
        page: Sample(template, page, {**form, "answer": what_if.answer(pages, say, _NAMES, names, ANSWER)}),
        f"{page}-blocked": Sample(template, page, {**form, "answer": what_if.answer(pages, say, _NAMES, names, found)}),
    }


def _replay(pages: Pages, frame: dict[str, Any]) -> dict[str, Sample]:
    say = pages.languages.translator("en")
    values = {"policy": "payroll-mfa", "days": "28", "draft": TEXT}
    form = {
        **frame, "values": values, "days": replay.day_choices(say), "errors": [], "answer": None, "limit": LIMIT, "back_url": "/x",
    }  # fmt: skip
    template, page = "admin_policies_replay.html", "admin-policies-replay"
    return {
        page: Sample(template, page, form),
        f"{page}-error": Sample(template, page, {**form, "errors": replay.problems(DraftReplay(draft=WRONG))}),
        f"{page}-answer": Sample(template, page, {**form, "answer": replay.answer(pages, say, _NAMES, REPLAY)}),
    }


def _new(pages: Pages, frame: dict[str, Any]) -> dict[str, Sample]:
    say = pages.languages.translator("en")
    values = {**dict.fromkeys(new.FIELDS, ""), "id": "payroll-mfa", "state": "report_only", "guests": "yes"}
    form = {
        **frame, "values": values, "errors": [], "written": None, "applications": "payroll, travel", "partners": "adatum, fabrikam",
        "replay_url": "/x", "back_url": "/x", **new.choices(say),
    }  # fmt: skip
    template, page = "admin_policy_new.html", "admin-policy-new"
    return {
        page: Sample(template, page, form),
        f"{page}-error": Sample(template, page, {**form, "errors": new.problems(WRONG)}),
        f"{page}-written": Sample(template, page, {**form, "written": {"path": WRONG.file, "text": TEXT}}),
    }
