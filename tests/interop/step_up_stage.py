"""A broker whose partners give more proof, or do not, for tests of step-up."""

from __future__ import annotations

import json
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyotp
import pytest

from broker.demo.browser import BrowserPage
from broker.demo.mailbox import read_mails
from broker.demo.person import DemoPerson
from broker.demo.process import BrokerProcess
from broker.demo.relying import RelyingParty
from broker.demo.serving import free_port
from tests.interop import simplesamlphp
from tests.interop.simplesamlphp import PASSWORD, Proof, SamlVisitor, ServiceProvider, entity_id, identity_provider
from tests.interop.stage import Home, PeerVisitor, peer
from tests.interop.test_saml_pair import certificates

SFA, MFA = "https://refeds.org/profile/sfa", "https://refeds.org/profile/mfa"

SECRET = "a secret of 32 characters or more: %+"

CALLBACK = "http://127.0.0.3:9/cb"

ESSENTIAL = {"claims": json.dumps({"id_token": {"acr": {"essential": True, "values": [MFA]}}})}

HALF_DAY = 43_200

TRUST = {"mfa": [MFA, "mfa"], "mfa_max_age": "12h", "step_up": True}

PEOPLE = {
    name: {"email": f"{name}@oidc.example", "email_verified": True, "name": name.title(), "second": second}
    for name, second in {
        "ada": "does", "bea": "does", "amy": "by_amr", "wim": "cannot", "olga": "old", "mia": "mute", "rex": "refuses", "rob": "refuses",
    }.items()
}  # fmt: skip

_PASSWORD_ONLY = "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport"

_BY_SOURCE = f"""
$used = \\SimpleSAML\\Session::getSessionFromRequest()->getData('multiauth:selectedSource', 'choose');
$state['saml:AuthnContextClassRef'] = $used === 'second' ? '{MFA}' : '{_PASSWORD_ONLY}';
"""

_BY_PERSON = f"""
if ($attributes['uid'][0] === 'olaf' && $state['saml:RequestedAuthnContext'] !== null) {{
    $state['saml:AuthnContextClassRef'] = '{MFA}';
    $state['AuthnInstant'] = time() - 2 * 86400;
}}
"""


def _saml_people(domain: str, *names: str) -> dict[str, dict[str, str]]:
    return {name: {"uid": name, "mail": f"{name}@{domain}", "displayName": name.title()} for name in names}


def _choosing(contexts: dict[str, str], people: dict[str, dict[str, str]]) -> Proof:
    """SimpleSAMLphp's multiauth: a source for each context that is asked for, the password alone where none is."""
    second = {f"{name}:{PASSWORD} 492039": {key: [value] for key, value in user.items()} for name, user in people.items()}
    sources = {source: {"AuthnContextClassRef": context} for source, context in contexts.items()}
    return Proof(
        {
            "second": {"0": "exampleauth:UserPass", **second},
            "choose": {"0": "multiauth:MultiAuth", "preselect": "partner", "sources": sources},
        },
        "choose",
        _BY_SOURCE,
    )


class Oidc(PeerVisitor):
    """Types the code where the provider asks for one."""

    def _step(self, page: BrowserPage, stop_at: str | None) -> BrowserPage | None:
        fields = {item.name for form in page.document.forms for item in form.fields}
        if "/interaction/" in page.url and "otp" in fields:
            self.seen.append("peer-second")
            values = {"login": self.subject, "password": "any", "otp": "492039"}
            return self.browser.submit(page, values, stop_at=stop_at)
        return super()._step(page, stop_at)


class Saml(SamlVisitor):
    """Adds the code to the password where the password alone is not taken."""

    def _step(self, page: BrowserPage, stop_at: str | None) -> BrowserPage | None:
        fields = {item.name for form in page.document.forms for item in form.fields}
        if "password" in fields and self.seen[-1:] == ["peer-login"]:
            self.seen.append("peer-second")
            values = {"username": self.subject, "password": f"{PASSWORD} 492039"}
            return self.browser.submit(page, values, press="Login", stop_at=stop_at)
        return super()._step(page, stop_at)


@dataclass
class Stage:
    """The broker; `free` is under no policy, `payroll` under one that asks for mfa. asked: what reached each partner since the last look."""

    broker: BrokerProcess
    free: RelyingParty
    payroll: RelyingParty
    asked: dict[str, Callable[[], list[dict[str, Any]]]]

    def redeem(self, kind: type[DemoPerson], name: str, domain: str) -> DemoPerson:
        """A guest who has redeemed an invitation in a new browser, before any policy."""
        who = kind(f"{name}@{domain}", name)
        page = who.open(self.broker.invite(who.address, "free", CALLBACK)["redeem_url"], stop_at=CALLBACK)
        assert page.location is not None, f"{page}\n{page.text[:2000]}"
        assert self.claims(who, self.free)["acr"] == SFA
        for look in self.asked.values():
            look()
        return who

    def claims(self, who: DemoPerson, party: RelyingParty, **params: str) -> dict[str, Any]:
        """Of the verified ID token of one sign-in."""
        url, pending = party.begin(**params)
        page = who.open(url, stop_at=CALLBACK)
        assert page.location is not None, f"{page}\n{page.text[:2000]}"
        return dict(party.complete(page.query, pending).claims)

    def by_mailbox(self, who: DemoPerson, page: BrowserPage) -> BrowserPage:
        """The partner is trusted for more than a password, so a code to the mailbox stands before the first method (FA-05)."""
        assert page.name == "email-code", f"{page}\n{who.seen} {self.receipt()}"
        end = time.monotonic() + 20
        while time.monotonic() < end:
            mails = [mail for mail in read_mails(self.broker.home / "var" / "mail") if mail.to == who.address]
            if mails and mails[0].subject[:8].isdigit():
                return who.browser.submit(page, {"code": mails[0].subject[:8]}, stop_at=CALLBACK)
            time.sleep(0.2)
        raise AssertionError("no code came")

    def with_phone(self, who: DemoPerson, **params: str) -> dict[str, Any]:
        """The same through our own enrolment, with the claims of the ID token."""
        url, pending = self.payroll.begin(**params)
        page = self.by_mailbox(who, who.open(url, stop_at=CALLBACK))
        assert page.name == "mfa-enroll", f"{page}\n{who.seen} {self.receipt()}"
        code = pyotp.TOTP(page.document.codes[0]).now()
        shown = who.browser.submit(page, {"code": code})
        assert shown.name == "recovery-codes", shown
        return dict(self.payroll.complete(who.browser.submit(shown, stop_at=CALLBACK).query, pending).claims)

    def receipt(self) -> dict[str, Any]:
        """Of the newest sign-in at the application under the policy."""
        newest = next(row for row in self.broker.ask("sign-ins", "--limit", "9") if row["application"] == "payroll")
        return dict(self.broker.ask("sign-ins", "--request", newest["request_id"]))


def sent(receipt: dict[str, Any]) -> list[dict[str, Any]]:
    """What a sign-in asked of its partner, each time."""
    return [step for step in receipt["steps"] if step["step"] == "upstream" and step["result"] == "sent"]


def _told(address: str) -> list[dict[str, Any]]:
    with urllib.request.urlopen(f"{address}/asked", timeout=10) as answer:
        found: list[dict[str, Any]] = json.load(answer)["asked"]
        return found


def _logged(folder: Path) -> Callable[[], list[dict[str, Any]]]:
    """The AuthnRequests that SimpleSAMLphp wrote into its log."""
    at = 0

    def look() -> list[dict[str, Any]]:
        nonlocal at
        log = folder / "log" / "ssp.log"
        text = log.read_text("utf-8") if log.exists() else ""
        new, at = text[at:], len(text)
        return [{} for line in new.splitlines() if "incoming authentication request" in line]

    return look


@pytest.fixture(scope="module")
def stage(node: str, folder: Path) -> Iterator[Stage]:
    """oidc-provider; SimpleSAMLphp three times: with a second factor, with a password only and that said, with one answer for all."""
    simplesamlphp.install()
    home = Home(folder / "home")
    home.write_broker()
    for name in ("free", "payroll"):
        home.write_application(name, CALLBACK, client_secret=SECRET)
    home.write_policy(
        "mfa", users={"include": {"guests": "all"}}, applications={"include": ["payroll"]}, grant={"require": ["mfa"]}
    )
    ports = {host: free_port(host) for host in ("127.0.0.2", "127.0.0.4", "127.0.0.5", "127.0.0.6")}
    honest, poor, plain = (
        _saml_people(*line)
        for line in (("saml.example", "sam"), ("poor.example", "pam", "pia"), ("plain.example", "olaf", "walt"))
    )
    partners = {
        "127.0.0.4": ("saml", honest, _choosing({"partner": _PASSWORD_ONLY, "second": MFA}, honest)),
        "127.0.0.5": ("poor", poor, _choosing({"partner": _PASSWORD_ONLY}, poor)),
        "127.0.0.6": ("plain", plain, Proof(code=_BY_PERSON)),
    }
    home.write_partner("oidc", f"http://127.0.0.2:{ports['127.0.0.2']}", domain="oidc.example", secret=SECRET, trust=TRUST)
    for host, (partner, _, _) in partners.items():
        metadata = entity_id(f"http://{host}:{ports[host]}")
        home.write_saml_partner(partner, metadata, domain=f"{partner}.example", trust={**TRUST, "mfa": [MFA]})
    client = {"client_id": "broker", "client_secret": SECRET, "redirect_uris": [home.callback("oidc")]}
    with ExitStack() as stack:
        address = stack.enter_context(
            peer(node, "idp_mfa.mjs", folder=folder, HOST="127.0.0.2", PORT=str(ports["127.0.0.2"]), CLIENT_JSON=json.dumps(client),
                 USERS_JSON=json.dumps(PEOPLE))
        )  # fmt: skip
        broker = stack.enter_context(home.broker())
        sp = ServiceProvider(
            f"{home.issuer}/saml/metadata", f"{home.issuer}/saml/acs", certificates(broker, "/saml/metadata")["signing"]
        )
        asked: dict[str, Callable[[], list[dict[str, Any]]]] = {"oidc": lambda: _told(address)}
        for host, (partner, people, proof) in partners.items():
            stack.enter_context(identity_provider(folder / host, host, ports[host], people, sp, proof=proof))
            asked[partner] = _logged(folder / host)
        free, payroll = (RelyingParty(home.issuer, name, CALLBACK, client_secret=SECRET) for name in ("free", "payroll"))
        yield Stage(broker, free, payroll, asked)


@pytest.fixture(scope="module")
def ada(stage: Stage) -> DemoPerson:
    """Ada at oidc-provider, signed in with a password."""
    return stage.redeem(Oidc, "ada", "oidc.example")


@pytest.fixture(scope="module")
def sam(stage: Stage) -> DemoPerson:
    """Sam at SimpleSAMLphp, signed in with a password."""
    return stage.redeem(Saml, "sam", "saml.example")
