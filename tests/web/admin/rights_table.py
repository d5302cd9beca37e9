"""ONE table of every route and method, and who gets in (issue 15). A route that is in no row fails test_rights_table.py.

A new room of the portal adds its rows to PORTAL: method, route, the roles that get in, and the roles to whom the thing in the path does
not exist (AD-01). Everybody else who is signed in gets 403; who is not signed in, or half, gets the sign-in. The things in the paths
are those of `tests/web/admin/company.py`: the guest Ada of Payroll and of the group Finance.
"""

from __future__ import annotations

from dataclasses import dataclass, field

ADMINISTRATOR, AUDITOR, HELP_DESK, INVITER = "administrator", "auditor", "help_desk", "inviter"
OWNER, OTHER_OWNER, GROUP_OWNER = "owner", "other_owner", "group_owner"
GUEST, OTHER_GUEST = "guest", "other_guest"
ANONYMOUS, HALF = "anonymous", "half"  # half: an administrator whose second step, which a policy asks for, is missing
ROLES = (
    ANONYMOUS, HALF, GUEST, OTHER_GUEST, OTHER_OWNER, OWNER, GROUP_OWNER, INVITER, HELP_DESK, AUDITOR, ADMINISTRATOR,
)  # fmt: skip

OWNERS = {OWNER, OTHER_OWNER, GROUP_OWNER}
STAFF = {*OWNERS, INVITER, HELP_DESK, AUDITOR, ADMINISTRATOR}


@dataclass(frozen=True, slots=True)
class Row:
    """One route by one method. gets_in: roles. hidden: roles to whom it answers 404. form: what a POST sends beside its token."""

    method: str
    route: str
    gets_in: frozenset[str]
    hidden: frozenset[str] = frozenset()
    form: dict[str, str] = field(default_factory=dict)


def row(method: str, route: str, gets_in: set[str], hidden: set[str] | None = None, **form: str) -> Row:
    """A row of PORTAL."""
    return Row(method, route, frozenset(gets_in), frozenset(hidden or ()), form)


PORTAL = (row("GET", "/admin", STAFF),)

# A person's own pages: whoever is signed in whole sees their own, and nothing of anybody else's; else the sign-in begins.
OWN = {
    "/apps",
    "/apps/ask/<application>",
    "/account",
    "/account/methods",
    "/account/export",
    "/account/leave",
    "/account/give-up/<application>",
    "/account/methods/codes",
    "/account/methods/<uuid:factor>/remove",
    "/account/methods/<uuid:factor>/rename",
}

# Forms elsewhere: without the token of their own page they do nothing, whoever sends them (SC-04).
FORMS = {
    "/apps/sign-out",
    "/apps/ask/<application>",
    "/apps/requests/<uuid:access_request>/take-back",
    "/account/consents",
    "/account/sessions",
    "/account/sessions/others",
    "/account/more-time",
    "/account/give-up/<application>",
    "/account/export",
    "/account/leave",
    "/account/methods/add",
    "/account/methods/codes",
    "/account/methods/saved",
    "/account/methods/<uuid:factor>/remove",
    "/account/methods/<uuid:factor>/rename",
    "/admin/link",
    "/invitation",
    "/invitation/fresh",
    "/logout",
    "/logout/confirm",
    "/question",
    "/signin/<uuid:login>/account",
    "/signin/<uuid:login>/cancel",
    "/signin/<uuid:login>/choose",
    "/signin/<uuid:login>/code",
    "/signin/<uuid:login>/code/again",
    "/signin/<uuid:login>/code/decline",
    "/signin/<uuid:login>/consent",
    "/signin/<uuid:login>/enroll",
    "/signin/<uuid:login>/enroll-passkey",
    "/signin/<uuid:login>/factor",
    "/signin/<uuid:login>/home",
    "/signin/<uuid:login>/lost",
    "/signin/<uuid:login>/passkey",
    "/signin/<uuid:login>/restart",
    "/signin/<uuid:login>/saved",
    "/signin/<uuid:login>/skip",
    "/signin/<uuid:login>/terms",
    "/signin/<uuid:login>/unable",
    "/signin/<uuid:login>/vouch",
}

# Answers that do not depend on the session: protocol endpoints, pages behind a ticket or a live login, files.
EVERYBODY = {
    ("GET", "/"),
    ("GET", "/launch/<application>"),
    ("GET", "/saml/metadata"),
    ("POST", "/saml/acs"),
    ("POST", "/saml/<partner>/acs"),
    ("GET", "/saml/<partner>/metadata"),
    ("GET", "/saml/<partner>/start"),
    ("GET", "/saml/<partner>/claim"),
    ("GET", "/authorize"),
    ("POST", "/authorize"),
    ("POST", "/token"),
    ("GET", "/userinfo"),
    ("POST", "/userinfo"),
    ("POST", "/introspect"),
    ("POST", "/revoke"),
    ("GET", "/jwks"),
    ("GET", "/.well-known/openid-configuration"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/metrics"),
    ("GET", "/static/<path:address>"),
    ("GET", "/admin/link"),
    ("GET", "/admin/link/<ticket>"),
    ("GET", "/invitation"),
    ("GET", "/invitation/fresh"),
    ("GET", "/invitation/<ticket>"),
    ("GET", "/question"),
    ("GET", "/question/<ticket>"),
    ("GET", "/oidc/<partner>/callback"),
    ("POST", "/oidc/<partner>/callback"),
    ("GET", "/oidc/<partner>/claim"),
    ("GET", "/signin/<uuid:login>"),
    ("GET", "/signin/<uuid:login>/again"),
    ("GET", "/signin/<uuid:login>/address"),
    ("GET", "/signin/<uuid:login>/choose"),
    ("GET", "/signin/<uuid:login>/lost"),
    ("GET", "/terms"),
    ("POST", "/language"),
}

# A page that says who is signed in, and lets them sign out; the browser alone decides what it shows.
SIGN_OUT = {("GET", "/logout")}
