"""The pages of a sign-up for the gallery (tests/browser/gallery.py)."""

from __future__ import annotations

from broker.domain.times import DAY
from tests.browser.sample import FORM, NOW, Sample

SIGN_UP = (
    "sign-up", "sign-up-error", "sign-up-correction", "sign-up-at-once", "sign-up-pending", "sign-up-done", "sign-up-refused", "sign-up-expired", "code-sign-up", "home-sign-up",
)  # fmt: skip
WITHOUT_PRIMARY = ("sign-up-pending", "sign-up-refused")


def sign_up_samples() -> dict[str, Sample]:
    """The form, and what became of it."""
    company = {"name": "company", "label": "Company", "kind": "text", "autocomplete": "organization", "value": "Fabrikam"}
    phone = {"name": "phone", "label": "Telephone number", "kind": "tel", "autocomplete": "tel", "value": ""}
    values = {"email": "gerda@fabrikam.example", "name": "Gerda Guest", "reason": ""}
    form = {
        **FORM, "application": "Supplier portal", "values": values, "attributes": [company, phone], "at_once": False, "errors": [],
        "sign_in_url": "https://portal.contoso.example/", "terms_url": "/terms", "fixed": False,
    }  # fmt: skip
    plain = {"email": "", "name": "", "reason": ""}
    done = {
        "state": "approved",
        "application": "Supplier portal",
        "answer": "",
        "next_url": "https://portal.contoso.example/",
        "opens": True,
    }
    code = {
        **FORM, "application": "Supplier portal", "email": "gerda@mailbox.example", "sure": True, "why": "sign_up", "account": "", "partner": "",
        "errors": [], "minutes": 10, "again": False, "wait": 30, "more": True, "over": False, "again_url": "", "decline_url": "", "restart_url": "",
        "choose_url": "/choose", "address_url": "/home", "passkey_options": "", "passkey_action": "", "passkey_refused": False,
    }  # fmt: skip
    wrong = [{"field": "phone", "message": "Enter a telephone number, such as +31 20 123 4567."}]
    return {
        "sign-up": Sample("sign_up.html", "sign-up", form),
        "sign-up-error": Sample("sign_up.html", "sign-up", {**form, "errors": wrong}),
        "sign-up-correction": Sample("sign_up.html", "sign-up", {**form, "errors": wrong, "fixed": True}),
        "sign-up-at-once": Sample(
            "sign_up.html",
            "sign-up",
            {**form, "values": plain, "attributes": [], "at_once": True, "sign_in_url": "", "terms_url": ""},
        ),
        "sign-up-pending": Sample(
            "sign_up_pending.html",
            "sign-up-pending",
            {
                **FORM,
                "application": "Supplier portal",
                "email": "gerda@fabrikam.example",
                "asked_at": NOW,
                "until": NOW + 14 * DAY,
                "restart_url": "",
                "reference": "7KQ4-M2XT-9RZB",
            },
        ),
        "sign-up-done": Sample("sign_up_done.html", "sign-up-done", done),
        "sign-up-refused": Sample(
            "sign_up_done.html", "sign-up-done", {**done, "state": "refused", "answer": "Ask Bo: he has it.\nThanks."}
        ),
        "sign-up-expired": Sample("sign_up_done.html", "sign-up-done", {**done, "state": "expired", "next_url": "/sign-up"}),
        "code-sign-up": Sample("email_code.html", "email-code", code),
        "home-sign-up": Sample(
            "home_organization.html",
            "home-organization",
            {**FORM, "application": "Supplier portal", "other_url": "/choose", "sign_up_url": "/sign-up"},
        ),
    }
