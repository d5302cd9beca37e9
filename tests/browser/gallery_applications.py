"""The pages of applications for the gallery of the portal."""

from __future__ import annotations

from typing import Any

from broker.services.applications.drafts import DraftedApplication
from broker.services.doctor import Finding, Level, Side
from broker.settings.application_file import ApplicationFile
from broker.settings.broker_file import TokenSettings
from broker.settings.policy_file import PolicyFile
from broker.web.admin import partners
from broker.web.admin.applications import new
from broker.web.admin.applications.file_words import facts
from broker.web.i18n import Translator
from broker.web.pages import Pages
from tests.browser.sample import NOW, Sample

APPLICATIONS = (
    "admin-applications", "admin-applications-none", "admin-applications-empty", "admin-application", "admin-application-read",
    "admin-application-error", "admin-assignment", "admin-assignment-error", "admin-assignment-remove", "admin-application-new",
    "admin-application-new-error", "admin-application-new-ready",
)  # fmt: skip
DAY = 86_400
FILE = ApplicationFile.model_validate(
    {
        "name": "Payroll", "client_secret": "kW3p9Zr7Qx1vN5sT8yB2", "owners": ["bob@contoso.example"], "roles": ["viewer", "approver"],
        "redirect_uris": ["https://payroll.contoso.example/callback", "https://payroll-staging.contoso.example/oidc/callback"],
        "launch_url": "https://payroll.contoso.example/", "scopes": ["openid", "profile", "email", "roles", "offline_access"],
        "assignment_required": True, "self_service": {"request": True}, "claims": {"department": "org_unit"},
    },
    context={"id": "payroll"},
)  # fmt: skip
POLICIES = [
    PolicyFile.model_validate(
        {"name": name, "state": state, "users": {"include": {"guests": "all"}}, "grant": {"require": ["mfa"]}}
    )
    for name, state in (("Payroll asks guests for a second factor", "enabled"), ("From the office", "report_only"))
]
FINDINGS = (
    Finding(
        Level.PROBLEM, "refused", "redirect_uri once, last 2026-05-17T08:40:00Z (7KQ4-M2XT-9RZB); sent: https://payroll.contoso.example/cb",
        "a redirect_uri that stands in the application's file, character for character", Side.APPLICATION,
        "if the sent address is right, add it to redirect_uris in the file; otherwise correct it in the application",
    ),
    Finding(Level.OK, "file", "config/applications/payroll.yaml: a client_secret; 2 redirect URIs"),
    Finding(Level.OK, "assignments", "only assigned guests and groups may use it"),
    Finding(Level.OK, "policies", "payroll-mfa (enabled)"),
    Finding(Level.OK, "sign_ins", "the newest 50: 47 allowed, 3 failed"),
)  # fmt: skip
DRAFT = """name: Expenses
client_secret: ${env:EXPENSES_SECRET}
redirect_uris: [https://expenses.contoso.example/callback]
owners: [bob@contoso.example]
assignment_required: true
roles: [viewer, clerk]
self_service: {request: true}
"""


def _row(name: str, **values: Any) -> dict[str, Any]:
    plain = {
        "id": name.lower(), "name": name, "url": "/x", "logo": None, "file": f"config/applications/{name.lower()}.yaml",
        "owners": ("bob@contoso.example",), "opens": "Only people who are assigned", "assignment_required": True, "people": "212", "guests": "212 guests may open it",
        "kind": "well", "health": "Well", "fault": False, "last_sign_in": NOW - 3600, "refused_at": None, "reason": "", "advice": "",
        "refusal_url": "",
    }  # fmt: skip
    return {**plain, **values}


PAYROLL = _row(
    "Payroll", kind="stopped", health="The last request was refused", fault=True, refused_at=NOW - 600, reason="redirect_uri", refusal_url="/x",
    advice="if the sent address is right, add it to redirect_uris in the file; otherwise correct it in the application",
)  # fmt: skip
ROWS = (
    PAYROLL,
    _row("Handbook", kind="attention", health="No guest may open it", fault=True, people="0", last_sign_in=None),
    _row("Project wiki", opens="Every guest", people="more than 1,000"),
    _row("Travel and expenses", kind="ahead", health="Not used yet", last_sign_in=None, people="3"),
)


def _person(name: str, **values: Any) -> dict[str, Any]:
    plain = {
        "id": name, "name": f"{name} Fabrik", "email": f"{name.lower()}@fabrikam.example", "url": "/x", "role": "viewer",
        "since": NOW - 90 * DAY, "until": 0, "kind": "well", "word": "Active", "by": "bob@contoso.example", "used": NOW - DAY,
    }  # fmt: skip
    return {**plain, **values}


PEOPLE = (
    _person("Ada"),
    _person("Bo", role="approver", until=NOW // DAY * DAY + 30 * DAY, used=None),
    _person("Tom", kind="ended", word="Ended", until=NOW - 2 * DAY, by="the command line"),
    _person("Alice", email="alice@contoso.example", url="", role="", by=""),
)
GROUPS = (
    {
        "id": "g",
        "name": "Lisbon project",
        "url": "/x",
        "role": "viewer",
        "since": NOW - DAY,
        "until": 0,
        "kind": "well",
        "word": "Active",
    },
)


ROLES = [("", "No role"), ("viewer", "viewer"), ("approver", "approver")]


def application_samples(pages: Pages, frame: dict[str, Any]) -> dict[str, Sample]:
    """frame: of the place Applications."""
    say = pages.languages.translator("en")
    return {**_listed(frame), **_one(frame, say), **_assignment(frame), **_new(frame, say)}


def _listed(frame: dict[str, Any]) -> dict[str, Sample]:
    listed = {
        **frame, "rows": ROWS, "now": NOW, "total": 62, "all_count": 62, "filters": {}, "chips": [], "opens": [("", "Any"), ("assigned", "Only")],
        "list_url": "/x", "next_url": "/x", "first_url": "", "new_url": "/x",
    }  # fmt: skip
    return {
        "admin-applications": Sample("admin_applications.html", "admin-applications", listed),
        "admin-applications-none": Sample(
            "admin_applications.html",
            "admin-applications",
            {**listed, "rows": (), "chips": [{"text": "Search: x", "url": "/x"}], "filters": {"q": "x"}},
        ),
        "admin-applications-empty": Sample(
            "admin_applications.html", "admin-applications", {**listed, "rows": (), "all_count": 0, "total": 0}
        ),
    }


def _one(frame: dict[str, Any], say: Translator) -> dict[str, Sample]:
    one = {
        **frame, "application": PAYROLL, "now": NOW, "facts": facts(FILE, TokenSettings(), POLICIES, say), "steps": partners.steps(FINDINGS),
        "people": PEOPLE, "groups": GROUPS, "q": "", "may_assign": True, "roles": ROLES, "errors": [], "path": "/x", "back_url": "/x",
        "form": {"holder": "", "role": "", "until": "", "reason": ""}, "add_url": "/x", "guests_url": "/x", "sign_ins_url": "/x", "next_url": "/x",
        "first_url": "", "said": "Assigned. They can open it from now on.",
    }  # fmt: skip
    holder = [{"field": "holder", "message": "Nobody here has this address, and no group this name. Invite the guest first."}]
    read = {"may_assign": False, "add_url": "", "errors": [], "said": "", "next_url": "", "people": PEOPLE[:2]}
    return {
        "admin-application": Sample("admin_application.html", "admin-application", one),
        "admin-application-read": Sample("admin_application.html", "admin-application", {**one, **read}),
        "admin-application-error": Sample(
            "admin_application.html",
            "admin-application",
            {**one, "said": "", "errors": holder, "people": (), "groups": (), "form": {**one["form"], "holder": "ada@"}},
        ),
    }


def _assignment(frame: dict[str, Any]) -> dict[str, Sample]:
    held = {
        **frame, "name": "ada@fabrikam.example", "is_group": False, "application": "Payroll", "roles": ROLES, "errors": [], "remove_url": "/x",
        "back_url": "/x", "values": {"role": "viewer", "until": "2026-06-30", "reason": ""},
    }  # fmt: skip
    remove = {
        **frame, "title": "Remove ada@fabrikam.example from Payroll?", "people": ["ada@fabrikam.example"], "more": 0, "button": "Remove",
        "ends": [{"text": "The role viewer", "reason": "at this application"},
                 {"text": "Their sign-ins and tokens at this application", "reason": "unless another assignment or group lets them in"}],
        "stays": [{"text": "They stay, with everything else that they have", "reason": "you can assign them again"}],
        "keep_text": "Keep the assignment", "cancel_url": "/x", "back": "Payroll", "danger": True, "asks_until": False, "asks_address": False,
        "asks_reason": True, "hidden": [], "values": {}, "errors": [],
    }  # fmt: skip
    until = [{"field": "until", "message": "Choose a day from today on, after the start and before the year 2100."}]
    return {
        "admin-assignment": Sample("admin_assignment.html", "admin-assignment", held),
        "admin-assignment-error": Sample("admin_assignment.html", "admin-assignment", {**held, "errors": until}),
        "admin-assignment-remove": Sample("admin_confirm.html", "admin-confirm", remove),
    }


def _new(frame: dict[str, Any], say: Translator) -> dict[str, Sample]:
    form = {
        **frame, "values": {**dict.fromkeys(new.FIELDS, ""), **new.START}, "errors": [], "made": None, "back_url": "/x", **new.choices(say),
    }  # fmt: skip
    made = DraftedApplication(
        file="config/applications/expenses.yaml", text=DRAFT, problems=(), variable="EXPENSES_SECRET", variable_missing=True
    )
    key = [{"field": "client_id", "message": "file: its name is no application id; use lower-case letters, digits and . _ -"}]
    return {
        "admin-application-new": Sample("admin_application_new.html", "admin-application-new", form),
        "admin-application-new-error": Sample("admin_application_new.html", "admin-application-new", {**form, "errors": key}),
        "admin-application-new-ready": Sample(
            "admin_application_new.html",
            "admin-application-new",
            {**form, "made": made, "values": {**form["values"], "client_id": "expenses", "name": "Expenses"}},
        ),
    }
