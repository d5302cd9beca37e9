"""The gallery's pages for signed-in people, and the pieces that they are made of."""

from __future__ import annotations

from typing import Any

from broker.domain.times import DAY, HOUR
from broker.services.guests.account_views import UsedApplication
from broker.web.pages import Pages
from broker.web.panel.frame import ACCOUNT, ADMIN, APPS, METHODS, SignedInFrame
from tests.browser.sample import ALICE, FORM, GERDA, NOW, TOKEN, Sample

OWN = (
    "apps", "apps-offers", "apps-empty", "apps-none-found", "apps-owner", "apps-ask", "apps-ask-error", "account", "account-asked", "account-member", "account-give-up", "account-export", "account-leave", "account-confirm",
    "account-confirm-codes", "account-left", "methods", "methods-none",
)  # fmt: skip
PIECES = ("components",)  # what pages are made of, in the frame of the portal; no page of the broker
TILE = {"launch_url": "https://payroll.contoso.example/", "logo": None, "last_used": None}
OFFER = {
    "name": "Supplier portal", "logo": None, "asked_at": None, "answer": "", "at_once": False, "ask_url": "/apps-ask", "take_back_url": "/take-back",
}  # fmt: skip
OWNED = {"logo": None, "is_group": False, "guests": 38, "more": False, "ending": 2, "opens": (), "add_url": "/admin/guests/new"}

_LINK = {"url": "#", "current": False, "count": None, "waits": False}
DESK: dict[str, Any] = {
    "said": "Renewed until 31 March 2027. They and their sponsor were told.",
    "sections": [
        {"title": "", "links": [{**_LINK, "name": "Home"}]},
        {
            "title": "People",
            "links": [
                {**_LINK, "name": "Guests", "count": 1204, "current": True},
                {**_LINK, "name": "Requests", "count": 3, "waits": True},
            ],
        },
    ],
}


def own_samples(pages: Pages) -> dict[str, Sample]:
    """Name -> sample."""
    frame = SignedInFrame(pages, administers=lambda one: one.email == ALICE.email)
    return {
        **_apps(pages, frame),
        **_asking(frame),
        **_account(frame),
        **_methods(frame),
    }


def pieces(pages: Pages) -> dict[str, Sample]:
    """Name -> sample of what pages are made of."""
    frame = SignedInFrame(pages, administers=lambda _person: True)
    components = {**FORM, **frame.around(TOKEN, ALICE, ADMIN), **DESK}
    return {"components": Sample("components.html", "admin-components", components)}


def _apps(pages: Pages, frame: SignedInFrame) -> dict[str, Sample]:
    form, own = FORM, frame.around(TOKEN, GERDA, APPS)
    tiles = [
        {**TILE, "name": "Payroll", "logo": pages.assets.application_logo("payroll"), "last_used": NOW - 7200},
        {**TILE, "name": "Travel and expenses", "last_used": NOW - 86400 * 12},
        {**TILE, "name": "Purchase orders of the northern region"},
        {**TILE, "name": "Wiki"},
    ]
    apps = {**form, **own, "tiles": tiles, "q": "", "groups": (), "owned": [], "now": NOW, "offers": [], "said": ""}
    return {
        "apps": Sample("apps.html", "apps", {**apps, "groups": ("Lisbon project", "Auditors")}),
        "apps-offers": Sample(
            "apps.html",
            "apps",
            {
                **apps,
                "said": "Your request was sent.",
                "offers": [
                    OFFER,
                    {**OFFER, "name": "Quality records", "asked_at": NOW - DAY},
                    {**OFFER, "name": "Ledger", "answer": "Ask Zoe: she has a report for you."},
                    {**OFFER, "name": "Wiki", "at_once": True},
                ],
            },
        ),
        "apps-empty": Sample("apps.html", "apps", {**apps, "tiles": []}),
        "apps-none-found": Sample("apps.html", "apps", {**apps, "tiles": [], "q": "Woodgrove"}),
        "apps-owner": Sample(
            "apps.html",
            "apps",
            {
                **apps,
                **frame.around(TOKEN, ALICE, APPS),
                "tiles": tiles * 2,
                "owned": [
                    {**OWNED, "name": "Payroll", "logo": pages.assets.application_logo("payroll")},
                    {
                        **OWNED,
                        "name": "Lisbon project",
                        "is_group": True,
                        "guests": 12,
                        "ending": 0,
                        "opens": ("Wiki", "Travel and expenses"),
                    },
                    {**OWNED, "name": "Everybody", "is_group": True, "guests": 10000, "more": True, "ending": 1},
                ],
            },
        ),
    }


def _asking(frame: SignedInFrame) -> dict[str, Sample]:
    asked = {
        **FORM,
        **frame.around(TOKEN, GERDA, "/apps/ask"),
        "application": "Supplier portal",
        "at_once": False,
        "reason": "",
        "until": "",
        "latest": "",
        "errors": [],
        "cancel_url": "/apps",
    }
    return {
        "apps-ask": Sample("apps_ask.html", "apps-ask", asked),
        "apps-ask-error": Sample(
            "apps_ask.html",
            "apps-ask",
            {**asked, "errors": [{"field": "reason", "message": "Write one sentence."}], "latest": "2026-12-31"},
        ),
    }


GIVEN_UP = UsedApplication(
    client_id="travel",
    name="Travel and expenses",
    launch_url="",
    assigned=True,
    groups=("Auditors", "Lisbon project"),
    rule_groups=("Auditors",),
    agreed_at=None,
    until=None,
    last_used=None,
    given=(),
    inviter="",
    invited_at=None,
    words="",
)
USE: dict[str, Any] = {
    "client_id": "payroll",
    "name": "Payroll",
    "logo": None,
    "launch_url": "https://payroll.contoso.example/",
    "assigned": True,
    "groups": (),
    "inviter": "Bob Berger",
    "invited_at": NOW - 80 * DAY,
    "words": "So that you can enter the hours of the Lisbon project.",
    "agreed_at": NOW - 79 * DAY,
    "until": None,
    "is_soon": False,
    "last_used": NOW - 2 * HOUR,
    "given": ["your name", "your e-mail address", "your organization"],
    "give_up_url": "/account-give-up",
}
SESSION = {
    "home": "Fabrikam",
    "browser": "Firefox",
    "system": "Windows",
    "mfa": False,
    "since": NOW - DAY,
    "seen": NOW - 60,
    "here": False,
}
SIGN_IN = {
    "reference": "7KQ4-M2XT-9RZB", "at": NOW - HOUR, "application": "Payroll", "home": "Fabrikam", "opened": True, "abandoned": False,
    "sentence": "", "mfa": True,
}  # fmt: skip


def _account_page(frame: SignedInFrame) -> dict[str, Any]:
    logo = frame.pages.assets.application_logo("payroll")
    travel = {
        **USE, "client_id": "travel", "name": "Travel and expenses", "groups": ("Lisbon project",), "inviter": "", "words": "", "agreed_at": None,
        "until": NOW + 6 * DAY, "is_soon": True, "last_used": NOW - 9 * DAY, "given": [],
    }  # fmt: skip
    return {
        **FORM,
        **frame.around(TOKEN, GERDA, ACCOUNT),
        "said": "",
        "now": NOW,
        "name": "Gerda Guest",
        "homes": ["Fabrikam"],
        "by_code": True,
        "since": NOW - 80 * DAY,
        "until": NOW + 110 * DAY,
        "sponsor": "bob.berger@contoso.example",
        "sponsor_name": "Bob Berger",
        "asked_at": None,
        "may_ask": True,
        "member": False,
        "uses": [{**USE, "logo": logo}, travel],
        "sessions": [
            {**SESSION, "sid": "a", "here": True},
            {**SESSION, "sid": "b", "home": "", "browser": "Safari", "system": "iPhone", "seen": NOW - 2 * DAY},
            {**SESSION, "sid": "c", "browser": "", "system": "", "mfa": True, "seen": NOW - 3 * DAY},
        ],
        "sign_ins": [
            SIGN_IN,
            {**SIGN_IN, "at": NOW - DAY, "opened": False, "sentence": "You can't get in from here", "mfa": False},
            {**SIGN_IN, "at": NOW - 2 * DAY, "opened": False, "abandoned": True},
            {**SIGN_IN, "at": NOW - 9 * DAY, "application": "", "home": "", "mfa": False},
        ],
        "methods_page": "/methods",
        **{f"{name}_url": f"/{name}" for name in ("consents", "sessions", "others", "time", "export", "leave")},
    }


def _account(frame: SignedInFrame) -> dict[str, Sample]:
    form, account = {**FORM, **frame.around(TOKEN, GERDA, f"{ACCOUNT}/leave")}, _account_page(frame)
    given_up = {**FORM, "use": GIVEN_UP, "left": ["Lisbon project"], "cancel_url": "/account"}
    return {
        "account": Sample("account.html", "account", account),
        "account-asked": Sample(
            "account.html",
            "account",
            {**account, "asked_at": NOW - DAY, "may_ask": False, "said": "We asked.", "uses": [], "sign_ins": []},
        ),
        "account-member": Sample(
            "account.html",
            "account",
            {
                **account,
                **frame.around(TOKEN, ALICE, ACCOUNT),
                "member": True,
                "until": 0,
                "sponsor": "",
                "may_ask": False,
                "uses": [],
                "sessions": account["sessions"][:1],
            },
        ),
        "account-give-up": Sample(
            "account_give_up.html", "account-give-up", {**given_up, **frame.around(TOKEN, GERDA, "/account/give-up")}
        ),
        "account-export": Sample("account_export.html", "account-export", {**form, "cancel_url": "/account"}),
        "account-leave": Sample(
            "account_leave.html",
            "account-leave",
            {**form, "uses": ["Payroll", "Travel and expenses"], "cancel_url": "/account"},
        ),
        "account-confirm": Sample(
            "account_confirm.html",
            "account-confirm",
            {**form, "question": "remove", "method": ("Work phone", "app"), "last": True, "name": "", "cancel_url": "/methods"},
        ),
        "account-confirm-codes": Sample(
            "account_confirm.html",
            "account-confirm",
            {**form, "question": "codes", "method": ("", ""), "last": False, "name": "", "cancel_url": "/methods"},
        ),
        "account-left": Sample("account_left.html", "account-left", {"sign_in_url": "/apps"}),
    }


def _methods(frame: SignedInFrame) -> dict[str, Sample]:
    form = FORM
    return {
        "methods": Sample(
            "account_methods.html",
            "account-methods",
            {
                **form,
                **frame.around(TOKEN, GERDA, METHODS),
                "methods": [
                    {
                        "kind": "app",
                        "name": "",
                        "created_at": 1767225600,
                        "last_used_at": None,
                        "copied_at": None,
                        "rename_url": "",
                        "remove_url": "",
                    },
                    {
                        "kind": "passkey",
                        "name": "Laptop",
                        "created_at": 1767225600,
                        "last_used_at": 1768225600,
                        "copied_at": 1768325600,
                        "rename_url": "",
                        "remove_url": "",
                    },
                ],
                "codes_left": 8,
                "add_url": "",
                "codes_url": "",
            },
        ),
        "methods-none": Sample(
            "account_methods.html",
            "account-methods",
            {
                **form,
                **frame.around(TOKEN, GERDA, METHODS),
                "methods": [],
                "codes_left": 0,
                "add_url": "",
                "codes_url": "",
            },
        ),
    }
