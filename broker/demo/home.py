"""The demo's home: config files, secrets and keys, written so that a newcomer can read them."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PAYROLL, TRAVEL, LEDGER, SAFE = "payroll", "travel", "ledger", "safe"
PORTAL = "portal"  # samples/sign_up_portal, which the cast does not start
PARTNERS = ("fabrikam", "northwind", "staff")
WOODGROVE = "woodgrove"  # the partner over SAML
PROSEWARE = "proseware"  # the one that has no file until its IT sets it up


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where everybody lives.

    partners: issuer by partner id. saml: the address of Woodgrove's identity provider; empty: no Woodgrove. portal: that of the sample
    portal, if it is started; empty: it is not registered.
    """

    broker: str
    partners: Mapping[str, str]
    payroll: str
    travel: str
    mailbox: str
    ledger: str
    safe: str
    saml: str = ""
    portal: str = ""

    def callback(self, partner: str) -> str:
        """The redirect URI that the broker registers at a partner."""
        return f"{self.broker}/oidc/{partner}/callback"

    def signed_out(self, partner: str) -> str:
        """The post-logout redirect URI that the broker registers at a partner."""
        return f"{self.broker}/oidc/{partner}/signed-out"


def write_home(home: Path, at: Addresses) -> Mapping[str, str]:
    """Write the config files (again at each start; secrets, keys and database stay). Returns the secrets by name."""
    _set_aside(home, at.broker)
    config = home / "config"
    for folder in ("partners", "applications", "policies"):
        (config / folder).mkdir(parents=True, exist_ok=True)
    known = {name: _secret(home / "secrets" / name) for name in (*PARTNERS, PROSEWARE, PAYROLL, PORTAL)}
    (config / "partners" / f"{PROSEWARE}.yaml").unlink(missing_ok=True)  # what an earlier story set up
    (config / "broker.yaml").write_text(_BROKER.format(at=at), "utf-8")
    for partner, (name, domain, extra, trust) in _PARTNERS.items():
        text = _PARTNER.format(id=partner, name=name, domain=domain, issuer=at.partners[partner], extra=extra, trust=trust)
        (config / "partners" / f"{partner}.yaml").write_text(text, "utf-8")
    if at.saml:
        (config / "partners" / f"{WOODGROVE}.yaml").write_text(_WOODGROVE.format(at=at), "utf-8")
    (config / "applications" / f"{PAYROLL}.yaml").write_text(_PAYROLL.format(at=at), "utf-8")
    (config / "applications" / f"{TRAVEL}.yaml").write_text(_TRAVEL.format(at=at), "utf-8")
    (config / "applications" / f"{LEDGER}.yaml").write_text(_LEDGER.format(at=at), "utf-8")
    (config / "applications" / f"{SAFE}.yaml").write_text(_SAFE.format(at=at), "utf-8")
    if at.portal:
        (config / "applications" / f"{PORTAL}.yaml").write_text(_PORTAL.format(at=at), "utf-8")
    (config / "policies" / f"{SAFE}-mfa.yaml").write_text(_SAFE_MFA, "utf-8")
    return known


def _set_aside(home: Path, issuer: str) -> None:
    """State of another port stays with its port: its guests are bound to issuers that are not there now (FC-16)."""
    mark, state = home / "var" / "issuer", home / "var"
    before = mark.read_text("utf-8") if mark.exists() else ""
    if before and before != issuer:
        state.rename(home / f"var-{before.rpartition(':')[2]}")
        kept = home / f"var-{issuer.rpartition(':')[2]}"
        if kept.exists():
            kept.rename(state)
    state.mkdir(mode=0o700, parents=True, exist_ok=True)
    state.chmod(0o700)  # an older demo left it open to others, and `broker check` complains of that
    mark.write_text(issuer, "utf-8")


def _secret(path: Path) -> str:
    """A secret of the demo, made once, readable by its owner only."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(32), "utf-8")
    return path.read_text("utf-8").strip()


_BROKER = """\
# The demo's broker. Written by `broker demo` at each start.
issuer: {at.broker}
organization:
  name: Contoso
  support_url: mailto:it@contoso.example
  privacy_url: https://contoso.example/privacy
administrators: [alice@contoso.example]
mail:
  from: Contoso <no-reply@contoso.example>
  server: folder:var/mail
network:
  allow_private_addresses: [127.0.0.0/8]  # the cast lives on loopback
"""

_MFA = """\
  mfa: ["https://refeds.org/profile/mfa"]  # so is its word about a second factor
  step_up: true  # where one is asked for, Northwind is asked first
"""
_PARTNERS = {
    "fabrikam": ("Fabrikam", "fabrikam.example", "", ""),
    "northwind": ("Northwind", "northwind.example", "", _MFA),
    "staff": ("Contoso staff", "contoso.example", "members: true  # the company's own people: no invitation needed\n", ""),
}

_PARTNER = """\
name: {name}
domains: [{domain}]
{extra}oidc:
  issuer: {issuer}
  client_id: contoso-broker
  client_secret: ${{file:secrets/{id}}}
  post_logout_redirect: true
trust:
  email: true  # inside `domains` its word about an address counts
{trust}"""

_WOODGROVE = """\
# Over SAML: its metadata says where and with which keys; ours for it is at {at.broker}/saml/woodgrove/metadata.
name: Woodgrove
domains: [woodgrove.example]
saml:
  metadata: {at.saml}/metadata
  entity_id: {at.saml}/metadata
  want_encrypted: true
  allow_idp_initiated: true  # people may click a tile there; that only starts an ordinary sign-in
trust:
  email: true
"""

_PAYROLL = """\
name: Payroll
client_secret: ${{file:secrets/payroll}}
redirect_uris: ["{at.payroll}/callback"]
post_logout_redirect_uris: ["{at.payroll}/signed-out"]
backchannel_logout_uri: {at.payroll}/backchannel-logout
launch_url: {at.payroll}/login
owners: [bob@contoso.example]
scopes: [openid, profile, email, offline_access]
"""

_TRAVEL = """\
# A public client: no secret, so PKCE is required.
name: Travel
redirect_uris: ["{at.travel}/callback"]
post_logout_redirect_uris: ["{at.travel}/signed-out"]
frontchannel_logout_uri: {at.travel}/frontchannel-logout
launch_url: {at.travel}/login
scopes: [openid, profile, email]
id_token_signed_response_alg: ES256
"""

_LEDGER = """\
# Only for those to whom `broker assign ledger ...` gave it, or a group that they are in.
name: Ledger
redirect_uris: ["{at.ledger}/callback"]
post_logout_redirect_uris: ["{at.ledger}/signed-out"]
backchannel_logout_uri: {at.ledger}/backchannel-logout
launch_url: {at.ledger}/login
assignment_required: true
owners: [bob@contoso.example]
roles: [viewer, approver]
self_service: {{request: true, sign_up: true, attributes: [company], role: viewer, lifetime: 90d}}  # at {at.broker}/sign-up/ledger anybody may ask
scopes: [openid, email, groups, roles, offline_access]
"""

_SAFE = """\
# What must not be opened by a password alone.
name: Safe
redirect_uris: ["{at.safe}/callback"]
post_logout_redirect_uris: ["{at.safe}/signed-out"]
launch_url: {at.safe}/login
scopes: [openid, email]
"""

_PORTAL = """\
# The sample in samples/sign_up_portal: it invites over the management API, and staff sign in at it. `make sample` starts it.
name: Sign-up portal
client_secret: ${{file:secrets/portal}}
redirect_uris: ["{at.portal}/staff/callback"]
scopes: [openid, email]
api_permissions: [User.Invite.All, User.Read.All]
"""

_SAFE_MFA = """\
name: Guests open the safe with a second factor
state: enabled
users:
  include: {guests: all}
applications: {include: [safe]}
grant:
  require: [mfa]
"""
