"""The pages of guests for the gallery of the portal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from broker.web.admin.guests.column_choice import COLUMNS, USUAL
from tests.browser.sample import ALICE, NOW, Sample

GUESTS = (
    "admin-guests", "admin-guests-filtered", "admin-guests-empty", "admin-guest", "admin-guest-owner", "admin-guest-new",
    "admin-guest-new-error", "admin-confirm", "admin-confirm-error",
)  # fmt: skip
ADA: dict[str, Any] = {
    "id": "9b1f4c6e-2a0d-4d53-8a3c-0f6c1d2e3f40", "name": "Ada Fabrik", "email": "ada@fabrikam.example", "url": "/admin/guests/1", "state": "well",
    "word": "Active", "home": "Fabrikam", "sponsor": "bob@contoso.example", "ends": NOW + 30 * 86_400, "seen": NOW - 7_200,
}  # fmt: skip
_LINES = (
    ADA,
    {**ADA, "name": "Ravi Menon", "email": "ravi@tailspin.example", "state": "sent", "word": "Invited", "home": "", "seen": 0},
    {
        **ADA,
        "name": "Jonas Weil",
        "email": "jonas@woodgrove.example",
        "state": "stopped",
        "word": "Blocked",
        "sponsor": "",
        "ends": 0,
    },
    {**ADA, "name": "gwen@mail.example", "email": "gwen@mail.example", "state": "ended", "word": "Ended", "home": "Code by mail"},
)
_COLUMNS = [
    {"name": name, "url": url, "sort": sort, "end": False}
    for name, url, sort in (
        ("Name", "#", "ascending"), ("State", "", ""), ("Signs in at", "", ""), ("Sponsor", "", ""), ("Ends", "#", ""), ("Last sign-in", "#", ""),
    )
]  # fmt: skip
_ANY = [("", "Any"), ("one", "One of them")]


def guest_samples(frame: Mapping[str, Any]) -> dict[str, Sample]:
    """frame: what the door of the portal adds to each page."""
    listed, guest, new, confirm = _list(frame), _guest(frame), _new(frame), _confirm(frame)
    error = [{"field": "until", "message": "This day lies in the past. Choose a day from today on."}]
    return {
        "admin-guests": Sample("admin_guests.html", "admin-guests", listed),
        "admin-guests-filtered": Sample(
            "admin_guests.html",
            "admin-guests",
            {
                **listed,
                "rows": [],
                "q": "Woodgrove",
                "chips": [{"text": "Search: Woodgrove", "url": "#"}, {"text": "Invited", "url": "#"}],
            },
        ),
        "admin-guests-empty": Sample("admin_guests.html", "admin-guests", {**listed, "rows": [], "all_count": 0}),
        "admin-guest": Sample("admin_guest.html", "admin-guest", guest),
        "admin-guest-owner": Sample(
            "admin_guest.html",
            "admin-guest",
            {**guest, "whole": False, "acts": [], "history": [], "groups": [], "problem": "Nothing was changed."},
        ),
        "admin-guest-new": Sample("admin_guest_new.html", "admin-guest-new", new),
        "admin-guest-new-error": Sample(
            "admin_guest_new.html",
            "admin-guest-new",
            {
                **new,
                "errors": error,
                "preview": {
                    "subject": "Contoso invites you to Payroll",
                    "text": "Hello Ada,\n\nopen https://login.contoso.example/invitation/0000\n",
                },
            },
        ),
        "admin-confirm": Sample("admin_confirm.html", "admin-confirm", confirm),
        "admin-confirm-error": Sample(
            "admin_confirm.html",
            "admin-confirm",
            {**confirm, "errors": error, "asks_until": True, "asks_address": False, "danger": False},
        ),
    }


def _list(frame: Mapping[str, Any]) -> dict[str, Any]:
    views = [
        {"name": name, "url": "#", "current": name == "All", "count": count}
        for name, count in (("All", "1,204"), ("Invited", "31"), ("Ends within 14 days", "18"), ("No sponsor", "5"))
    ]
    return dict(
        frame,
        rows=list(_LINES),
        columns=_COLUMNS,
        views=views,
        q="",
        filters={},
        chips=[],
        states=_ANY,
        partners=_ANY,
        applications=_ANY,
        clear_url="#",
        list_url="/admin/guests",
        here_count="1,204",
        all_count=1204,
        order="by address",
        next_url="#",
        first_url="",
        export_url="#",
        add_url="#",
        import_url="#",
        jobs_url="#",
        bulk_url="#",
        bulk_acts=[("renew", "Renew…"), ("block", "Block…")],
        chosen=USUAL,
        column_choices=[(name, one.name) for name, one in COLUMNS.items()],
        columns_url="#",
        kept=[],
    )


def _guest(frame: Mapping[str, Any]) -> dict[str, Any]:
    step = {
        "state": "passed",
        "text": "Invited by bob@contoso.example",
        "when": "3 September 2026, 09:30 UTC",
        "reason": "Payroll",
    }
    held = {"application": "Payroll", "url": "#", "group": "", "role": "viewer", "until": NOW + 30 * 86_400, "status": "active"}
    return dict(
        frame,
        guest=ADA,
        acts=[{"url": "#", "text": text} for text in ("Renew…", "Sign out everywhere…", "Block…", "Delete…")],
        list_url="#",
        whole=True,
        problem="",
        speaks="English",
        came="Signed up on May 3, 2026 for Payroll",
        created_at=NOW - 90 * 86_400,
        invitation=[
            step,
            {**step, "text": "The e-mail left our mail server", "when": "", "reason": ""},
            {**step, "state": "ahead", "text": "Not accepted yet", "when": "", "reason": "The link works until 3 October 2026"},
        ],
        assignments=[held, {**held, "application": "Project wiki", "url": "", "group": "Lisbon project", "role": "", "until": 0}],
        groups=[{"name": "Lisbon project", "by_rule": True, "since": NOW}],
        homes=[{"name": "Fabrikam", "issuer": "https://login.fabrikam.example", "since": NOW}],
        by_code=False,
        sessions=[{"browser": "Firefox", "system": "Windows", "home": "Fabrikam", "seen": NOW - 7200}],
        methods=[{"kind": "passkey", "name": "Phone", "since": NOW}],
        sign_ins=[
            {**step, "text": "Allowed: Payroll", "reason": "7KQ4-M2XT-9RZB"},
            {**step, "state": "stopped", "text": "Blocked: Payroll", "reason": "mfa_missing · 7KQ4-M2XT-9RZC"},
        ],
        history=[{**step, "text": "Renewed", "reason": "alice@contoso.example"}, step],
    )


def _new(frame: Mapping[str, Any]) -> dict[str, Any]:
    return dict(
        frame,
        values={
            "email": "lena@fabrikam.example",
            "name": "Lena Brandt",
            "language": "en",
            "sponsor": ALICE.email,
            "until": "2026-03-31",
        },
        errors=[],
        preview=None,
        applications=[("", "Nothing yet"), ("payroll", "Payroll")],
        roles=[("", "No role"), ("viewer", "viewer")],
        languages=[("en", "English"), ("nl", "Nederlands")],
        may_fill=True,
        list_url="#",
    )


def _confirm(frame: Mapping[str, Any]) -> dict[str, Any]:
    return dict(
        frame,
        title="Delete Ada Fabrik for good?",
        people=["ada@fabrikam.example"],
        more=0,
        ends=[{"text": "Their sessions, and their access to applications", "reason": "here and in every application"}],
        stays=[{"text": "The audit, without their name and address", "reason": ""}],
        button="Delete for good",
        keep_text="Do not delete",
        cancel_url="#",
        back="Ada Fabrik",
        danger=True,
        asks_until=False,
        asks_address=True,
        asks_reason=True,
        hidden=[],
        values={},
        errors=[],
    )
