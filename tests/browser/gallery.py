"""Every template with sample data, rendered by the broker's own Pages class: what tests and pictures look at.

`python -m tests.browser.gallery` serves it on http://127.0.0.1:8099/ for whoever works on the pages.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

from flask import Flask, Response, request
from jinja2 import ChoiceLoader, FileSystemLoader
from markupsafe import Markup

import broker.web
from broker.composition.core import system_clock
from broker.domain.errors import PAGE_ERRORS
from broker.factors import qr
from broker.keyring.root import create_root, load_roots
from broker.keyring.seal import Sealer
from broker.settings.load import Settings, load
from broker.web import csrf, errors, markdown, static
from broker.web import request as guards
from broker.web.pages import Pages
from broker.web.repeats import PATH as REPEATS
from broker.web.repeats import Repeats
from tests.browser.gallery_device import DEVICE, device_samples
from tests.browser.gallery_own import OWN, own_samples, pieces
from tests.browser.gallery_portal import PORTAL, portal_samples
from tests.browser.gallery_sign_up import SIGN_UP, sign_up_samples
from tests.browser.sample import TOKEN, Sample

TEMPLATES = Path(broker.web.__file__).parent / "templates"
OWN_TEMPLATES = Path(__file__).parent / "templates"  # what no page of the broker shows as a whole
ISSUER = "http://127.0.0.1:8099"
NAMES = (
    "mfa-challenge", "mfa-challenge-all", "mfa-challenge-key", "mfa-challenge-recovery", "mfa-challenge-wish", "mfa-enroll", "mfa-enroll-error", "mfa-enroll-offered", "mfa-enroll-key", "recovery-codes", "mfa-lost", "mfa-lost-alone", "mfa-vouch", "mfa-vouch-asked", "terms", "terms-new",
    "home", "home-passkey", "home-error", "home-known", "home-signed-in", "home-last", "choose", "choose-none", "code", "code-wrong", "code-passkey", "code-again", "code-invited", "code-recorded", "code-method", "code-identity",
    "invitation", "invitation-plain", "invitation-code", "invitation-other", "fresh-link", "idp-initiated", "idp-initiated-application", "declined", "not-signed-in", "consent-invited", "consent-by-code", "consent-later", "hand-over", "sign-out",
    "signed-out", "signed-out-at-home", "signed-out-on-the-way", "question", "question-answered", *SIGN_UP, *DEVICE, *OWN, *PORTAL,
)  # fmt: skip
REFERENCE = "7KQ4-M2XT-9RZB"
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40"><rect width="40" height="40" rx="9" fill="{}"/>{}</svg>'
MARK = '<path d="M27 14a9 9 0 1 0 0 12" fill="none" stroke="#fff" stroke-width="5" stroke-linecap="round"/>'
SQUARES = '<path d="M11 11h7v7h-7zM22 11h7v7h-7zM11 22h7v7h-7zM22 22h7v7h-7z" fill="#fff"/>'


def samples(pages: Pages) -> dict[str, Sample]:
    """Name -> sample, each template in each shape that looks different."""
    form = {"csrf": TOKEN, "action": "", "keep_query": {}}
    consent = {
        **form,
        "application": "Payroll",
        "inviter": "Bob Berger",
        "partner": "Fabrikam",
        "details": [
            {"label": "name", "value": "Gerda Guest"},
            {"label": "email", "value": "gerda@fabrikam.example"},
            {"label": "organization", "value": "Fabrikam"},
        ],
    }
    invited = {
        **form,
        "application": "Payroll",
        "inviter": "Bob Berger",
        "email": "gerda@fabrikam.example",
        "expires_at": 1798000000,
        "message": "Hi Gerda,\nhere is the payroll we talked about. See you on Monday!",
        "partner": "Fabrikam",
    }
    names = ["Fabrikam", "Adventure Works", "Northwind Traders", "Österreichische Werke", "شركة المثال"]
    partners = [
        {"id": f"p{n}", "name": name, "logo": pages.assets.partner_logo("fabrikam") if n == 0 else None, "last": n == 0}
        for n, name in enumerate(names)
    ]
    code = {
        **form,
        "application": "Payroll",
        "email": "gerda@mailbox.example",
        "sure": False,
        "why": "home",
        "account": "",
        "partner": "",
        "errors": [],
        "minutes": 10,
        "again": False,
        "wait": 30,
        "more": True,
        "over": False,
        "again_url": "/code",
        "decline_url": "",
        "restart_url": "",
        "choose_url": "/choose",
        "address_url": "/home",
        "passkey_options": "{}",
        "passkey_action": "/code",
        "passkey_refused": False,
    }
    beside = {
        **code,
        "passkey_options": "",
        "sure": True,
        "decline_url": "/home",
        "restart_url": "/home",
        "choose_url": "",
        "address_url": "",
    }
    wrong = {"field": "code", "message": "That code is wrong. Enter the 8 digits from the newest e-mail."}
    begun = {"partner": "Fabrikam", "application": "", "client_id": "", "action": "/saml/fabrikam/start"}
    mistake = {"field": "email", "message": "Write your address as name@example.org"}
    secret = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
    link = f"otpauth://totp/Contoso:gerda%40fabrikam.example?secret={secret}&issuer=Contoso"
    options = json.dumps({"challenge": TOKEN, "rpId": "127.0.0.1", "allowCredentials": []})
    steps = {**form, "passkey_action": "", "options": options}
    challenge = {
        **steps,
        "application": "Payroll",
        "lost_url": "/mfa-lost",
        "cancel_url": "/home",
        "waits": True,
        "codes": True,
        "recovery": True,
        "by_recovery": False,
        "recovery_url": "/mfa-challenge-recovery",
    }
    enroll = {
        **steps, "application": "Payroll", "asked": True, "apps": True, "passkeys": True, "qr": Markup(qr.svg(link, "QR code")), "link": link,
        "secret": secret, "unable_url": "/home",
    }  # fmt: skip
    mistyped = [{"field": "code", "message": "That code is wrong. Enter the one the app shows now."}]
    lost = {
        "keep_query": {}, "codes": 7, "others": True, "only_keys": False, "weaker": False, "may_ask": True, "asked": False, "due_at": None,
        "reference": "7QPA-4MXT-9RZB", "csrf": TOKEN, "action": "", "back_url": "/mfa-challenge", "help_url": "mailto:it@contoso.example",
    }  # fmt: skip
    vouch = {
        **form, "email": "gerda@fabrikam.example", "may_ask": True, "asked": False, "due_at": None, "reference": "7QPA-4MXT-9RZB",
        "restart_url": "/home", "help_url": "",
    }  # fmt: skip
    terms = {
        **form, "version": "2026-01", "since": 1767225600, "before": None, "text_language": "en", "download_url": "/terms", "decline_url": "/home",
        "text": markdown.to_html(
            "# Using our applications\n\nYou are a guest of Contoso. What you see here is meant for your work with us.\n\n"
            "- Do not share your sign-in.\n- Tell us when you change your employer.\n\n1. We keep what you accept.\n2. You can leave at any time.\n\n"
            + "\n\n".join(f"Part {number}. " + "More words about what this means in practice. " * 6 for number in range(1, 7))
        ),
    }  # fmt: skip
    return {
        "mfa-challenge": Sample("mfa_challenge.html", "mfa-challenge", {**challenge, "apps": [""], "keys": []}),
        "mfa-challenge-all": Sample(
            "mfa_challenge.html",
            "mfa-challenge",
            {**challenge, "apps": ["Work phone"], "keys": ["Laptop", ""], "errors": mistyped},
        ),
        "mfa-challenge-key": Sample(
            "mfa_challenge.html", "mfa-challenge", {**challenge, "application": "", "apps": [], "keys": [""], "codes": False}
        ),
        "mfa-challenge-recovery": Sample(
            "mfa_challenge.html", "mfa-challenge", {**challenge, "apps": [""], "keys": [], "by_recovery": True, "waits": False}
        ),
        "mfa-challenge-wish": Sample(
            "mfa_challenge.html", "mfa-challenge", {**challenge, "apps": [""], "keys": [], "skip_url": "/apps"}
        ),
        "mfa-enroll": Sample("mfa_enroll.html", "mfa-enroll", enroll),
        "mfa-enroll-error": Sample(
            "mfa_enroll.html", "mfa-enroll", {**enroll, "passkeys": False, "asked": False, "errors": mistyped}
        ),
        "mfa-enroll-offered": Sample("mfa_enroll.html", "mfa-enroll", {**enroll, "apps": False, "asked": False, "offered": True}),
        "mfa-enroll-key": Sample("mfa_enroll.html", "mfa-enroll", {**enroll, "apps": False}),
        "recovery-codes": Sample(
            "recovery_codes.html",
            "recovery-codes",
            {**form, "codes": [f"{letter}7QP-4MXT-9RZB-2WXY" for letter in "ABCDEFGHJK"]},
        ),
        "mfa-lost": Sample(
            "mfa_lost.html",
            "mfa-lost",
            lost,
        ),
        "mfa-lost-alone": Sample(
            "mfa_lost.html",
            "mfa-lost",
            {**lost, "codes": 0, "others": False, "only_keys": True, "weaker": True, "may_ask": False},
        ),
        "mfa-vouch": Sample("mfa_vouch.html", "mfa-vouch", vouch),
        "mfa-vouch-asked": Sample("mfa_vouch.html", "mfa-vouch", {**vouch, "email": "", "asked": True}),
        "terms": Sample("terms_of_use.html", "terms-of-use", terms),
        "terms-new": Sample("terms_of_use.html", "terms-of-use", {**terms, "before": 1767225600, "since": None, "version": "B"}),
        "home": Sample("home_organization.html", "home-organization", {**form, "application": "Payroll", "other_url": "/choose"}),
        "home-passkey": Sample(
            "home_organization.html",
            "home-organization",
            {**form, "application": "", "passkey_options": "{}", "other_url": "/choose"},
        ),
        "home-error": Sample(
            "home_organization.html",
            "home-organization",
            {**form, "application": "Payroll", "email": "gerda@", "errors": [mistake], "other_url": "/choose"},
        ),
        "home-known": Sample(
            "home_organization.html",
            "home-organization",
            {**form, "application": "", "partner": "Fabrikam", "partner_id": "fabrikam", "other_url": "/choose"},
        ),
        "home-signed-in": Sample(
            "home_organization.html",
            "home-organization",
            {**form, "application": "Payroll", "account": "gerda@fabrikam.example", "account_action": "/home"},
        ),
        "home-last": Sample(
            "home_organization.html",
            "home-organization",
            {
                **form,
                "application": "Payroll",
                "last": {"id": "p0", "name": "Fabrikam"},
                "other_url": "/choose",
            },
        ),
        "choose": Sample(
            "choose_partner.html",
            "choose-partner",
            {**form, "application": "Payroll", "partners": partners, "more": True, "email_url": "/home"},
        ),
        "choose-none": Sample(
            "choose_partner.html", "choose-partner", {**form, "application": "Payroll", "partners": [], "query": "Fabricom"}
        ),
        "code": Sample("email_code.html", "email-code", code),
        "code-wrong": Sample("email_code.html", "email-code", {**code, "errors": [wrong], "wait": 0}),
        "code-passkey": Sample("email_code.html", "email-code", {**code, "passkey_refused": True}),
        "code-again": Sample("email_code.html", "email-code", {**code, "again": True, "wait": 12, "sure": True}),
        "code-invited": Sample(
            "email_code.html",
            "email-code",
            {**beside, "why": "invited", "account": "nora@northwind.example", "partner": "Northwind"},
        ),
        "code-recorded": Sample(
            "email_code.html",
            "email-code",
            {**beside, "why": "recorded", "account": "gerda@mailbox.example", "partner": "Fabrikam"},
        ),
        "code-method": Sample("email_code.html", "email-code", {**beside, "why": "method", "account": "", "partner": "Fabrikam"}),
        "code-identity": Sample(
            "email_code.html", "email-code", {**beside, "why": "identity", "account": "", "partner": "Fabrikam"}
        ),
        "invitation": Sample("invitation.html", "invitation", invited),
        "invitation-plain": Sample(
            "invitation.html", "invitation", {**invited, "application": "", "inviter": "", "message": "", "partner": ""}
        ),
        "invitation-code": Sample(
            "invitation.html",
            "invitation",
            {**invited, "message": "", "partner": "", "by_code": True, "email": "gerda@mailbox.example"},
        ),
        "invitation-other": Sample("invitation.html", "invitation", {**invited, "signed_in_as": "anna@northwind.example"}),
        "fresh-link": Sample("fresh_link.html", "fresh-link", {}),
        "idp-initiated": Sample("idp_initiated.html", "idp-initiated", begun),
        "idp-initiated-application": Sample(
            "idp_initiated.html", "idp-initiated", {**begun, "application": "Payroll", "client_id": "payroll"}
        ),
        "declined": Sample("declined.html", "declined", {"invited": True, "until": 1798000000, "sign_in_url": ""}),
        "not-signed-in": Sample("declined.html", "declined", {"invited": False, "until": 0, "sign_in_url": "/apps"}),
        "consent-invited": Sample(
            "review_permissions.html",
            "review-permissions",
            {
                **consent,
                "invited": True,
                "terms_url": "/terms",
                "scopes": ["openid", "profile", "email", "groups", "roles", "offline_access"],
            },
        ),
        "consent-by-code": Sample(
            "review_permissions.html",
            "review-permissions",
            {**consent, "invited": True, "inviter": "", "partner": "", "scopes": []},
        ),
        "consent-later": Sample(
            "review_permissions.html",
            "review-permissions",
            {
                **consent,
                "invited": False,
                "scopes": ["openid", "profile", "address", "phone"],
                "account_url": "/account",
                "restart_url": "/home",
            },
        ),
        "hand-over": Sample(
            "post_form.html",
            "continue",
            {
                "target": "Fabrikam",
                "action": "/nowhere",
                "fields": {"SAMLRequest": "PHNhbWxwOkF1dGhuUmVxdWVzdD4=", "RelayState": "h"},
            },
        ),
        "sign-out": Sample("sign_out.html", "sign-out", {**form, "application": "Payroll", "cancel_url": "/apps"}),
        "signed-out": Sample(
            "signed_out.html",
            "signed-out",
            {
                **form,
                "applications": ["Payroll", "Wiki"],
                "untold": ["Travel"],
                "partner": "Fabrikam",
                "partner_ticket": "s1.x",
                "partner_action": "/nowhere",
                "sign_in_url": "/apps",
                "keep_query": {},
            },
        ),
        "signed-out-at-home": Sample(
            "signed_out.html",
            "signed-out",
            {"home": "Fabrikam", "home_answer": "partly", "sign_in_url": "/apps", "keep_query": {}},
        ),
        "signed-out-on-the-way": Sample(
            "signed_out.html",
            "signed-out",
            {"applications": ["Payroll", "Wiki"], "back_url": "#main", "back": "Payroll", "keep_query": {}},
        ),
        "question": Sample(
            "question.html",
            "question",
            {
                **form,
                "title": "Does Gerda Guest still need access?",
                "lines": [
                    "You're responsible for Gerda Guest (gerda@fabrikam.example) at Contoso. Their access ends on 7 December 2026.",
                    "If you do nothing, it ends on its own.",
                ],
                "choices": [
                    {"answer": "extend", "label": "Extend until 7 December 2027"},
                    {"answer": "end", "label": "Let it end"},
                ],
                "fields": {},
                "quoted": "",
                "errors": [],
            },
        ),
        "question-answered": Sample(
            "question_answered.html",
            "question-answered",
            {
                "said": "The access continues",
                "more": "Gerda Guest has access until 7 December 2027. We'll ask you again before it ends.",
                "names": {},
            },
        ),
        **sign_up_samples(),
        **device_samples(),
        **own_samples(pages),
        **portal_samples(pages),
        **pieces(pages),
    }


def make_home(home: Path, issuer: str = ISSUER) -> Settings:
    """A home with a company, a partner and an application, each with a logo."""
    for folder in ("config/partners", "config/applications", "config/logos", "config/brand/partners", "keys"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    (home / "config/broker.yaml").write_text(
        f"issuer: {issuer}\n"
        "organization:\n  name: Contoso\n  support_url: mailto:it@contoso.example\n  privacy_url: https://contoso.example/privacy\n"
    )
    (home / "config/partners/fabrikam.yaml").write_text(
        "name: Fabrikam\ndomains: [fabrikam.example]\n"
        "oidc: {issuer: https://login.fabrikam.example, client_id: contoso, client_secret: a-long-secret-of-the-gallery-0123456789}\n"
    )
    (home / "config/applications/payroll.yaml").write_text(
        "name: Payroll\nredirect_uris: [https://payroll.contoso.example/callback]\nlogo: config/logos/payroll.svg\n"
    )
    (home / "config/logos/payroll.svg").write_text(LOGO.format("#7a3e9d", SQUARES))
    (home / "config/brand/logo.svg").write_text(LOGO.format("#1d5fa8", MARK))
    (home / "config/brand/partners/fabrikam.svg").write_text(LOGO.format("#b3541e", SQUARES))
    return load(home, {})


def _sealer() -> Sealer:
    with tempfile.TemporaryDirectory() as folder:
        create_root(Path(folder) / "keys")
        return Sealer(load_roots(Path(folder) / "keys"))


def create_gallery(settings: Settings) -> Flask:
    """The gallery as a Flask application: / lists the pages, /NAME shows one, /error/CODE shows an error page."""
    app = Flask("gallery", static_folder=None)
    pages = Pages(lambda: settings, repeats=Repeats(_sealer(), system_clock))
    pages._environment.loader = ChoiceLoader([FileSystemLoader(TEMPLATES), FileSystemLoader(OWN_TEMPLATES)])
    static.register(app, pages.assets)
    errors.register(app, pages)
    guards.register(app, lambda: settings)

    def index() -> str:
        names = [*samples(pages), *(f"error/{code}" for code in PAGE_ERRORS)]
        return "".join(f'<p><a href="/{name}">{name}</a></p>' for name in names)

    def page(name: str) -> Response:
        if request.method == "POST":
            csrf.check_origin(request, settings.issuer)
        sample = samples(pages)[name]
        return pages.render(sample.template, **sample.context)

    def error(code: str) -> Response:
        forms = [
            {"action": "/home", "csrf": TOKEN, "label": "Use another account", "primary": True},
            {"action": "/home", "csrf": TOKEN, "label": "Back to the application", "primary": False},
        ]
        refused = code in {"not_invited", "not_assigned", "guest_blocked", "guest_expired", "policy_blocked"}
        fresh = {
            **forms[0],
            "label": "Send me a new link",
            "hint": "The new link goes to the invited address only.",
        }
        used = {**fresh, "primary": False}
        return errors.page_for(
            pages,
            PAGE_ERRORS[code](code),
            first=fresh if code == "invitation_expired" else None,
            names={"application": "Payroll", "partner": "Fabrikam"},
            reference=REFERENCE,
            next_url=None if refused else "/home",
            forms=forms if refused else [used] if code == "invitation_used" else (),
            account="gerda@fabrikam.example" if refused else "",
            note="We work with organizations that signed the contract of 2026." if code == "policy_blocked" else "",
            ask=("bob@contoso.example", "zoe@contoso.example") if code == "not_assigned" else (),
        )

    def in_another_language() -> Response:
        return pages.again(request.form["page"])

    app.add_url_rule(REPEATS, "language", in_another_language, methods=["POST"])
    app.add_url_rule("/", "index", index)
    app.add_url_rule("/<name>", "page", page, methods=["GET", "POST"])
    app.add_url_rule("/error/<code>", "error", error)
    return app


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        create_gallery(make_home(Path(folder))).run("127.0.0.1", 8099)
