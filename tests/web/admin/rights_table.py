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
SIGN_INS = {ADMINISTRATOR, AUDITOR, HELP_DESK, OWNER, OTHER_OWNER}
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


SEES_REQUESTS = {*OWNERS, AUDITOR, ADMINISTRATOR}
SEES_GROUPS = {GROUP_OWNER, AUDITOR, ADMINISTRATOR}
NO_ROWS = {OTHER_OWNER, GROUP_OWNER, HELP_DESK, INVITER}  # members of staff whom a review of Payroll does not ask

SEES_APPLICATIONS = {OWNER, OTHER_OWNER, HELP_DESK, AUDITOR, ADMINISTRATOR}
PAYROLL = "/admin/applications/<client_id>"

SEES_GUESTS = STAFF  # owners those of what they own; `hidden` says to whom Ada does not exist
ONE = "/admin/guests/<uuid:guest>"


def act(name: str, *roles: str, **form: str) -> tuple[Row, Row]:
    """The page that asks, and the button, of an act on Ada; without `confirmed` the button asks once more."""
    may = {*roles, ADMINISTRATOR}
    hidden = may & {OTHER_OWNER}
    route = f"{ONE}/{name}"
    return row("GET", route, may - hidden, hidden), row("POST", route, may - hidden, hidden, **form)


def bulk(name: str, *roles: str) -> tuple[Row, Row]:
    """The page that asks, and the button, of an act on a selection of the administrator: for others there is none."""
    hidden, route = set(roles), f"/admin/guests/bulk/<job>/{name}"
    return row("GET", route, {ADMINISTRATOR}, hidden), row("POST", route, {ADMINISTRATOR}, hidden)


INVITES = {*OWNERS, INVITER, ADMINISTRATOR}
NOT_THEIRS = STAFF - {AUDITOR, ADMINISTRATOR}  # members of staff for whom a job of the administrator does not exist

PORTAL = (
    row("GET", "/admin", STAFF),
    row("GET", "/admin/guests", SEES_GUESTS),
    row("GET", "/admin/guests/export", {*OWNERS, AUDITOR, ADMINISTRATOR}),
    row("GET", "/admin/guests/new", {*OWNERS, INVITER, ADMINISTRATOR}),
    row("POST", "/admin/guests/new", {*OWNERS, INVITER, ADMINISTRATOR}),
    row("GET", ONE, SEES_GUESTS - {OTHER_OWNER}, {OTHER_OWNER}),
    *act("renew"),
    *act("sign-out"),
    *act("resend", OWNER, GROUP_OWNER, OTHER_OWNER, INVITER, HELP_DESK),
    *act("revoke"),
    *act("factors", HELP_DESK),
    *act("reset"),
    *act("block"),
    *act("unblock"),
    *act("delete"),
    row("GET", "/admin/guests/import", INVITES),
    row("POST", "/admin/guests/import", INVITES),
    row("GET", "/admin/guests/import/<job>", {ADMINISTRATOR}, INVITES - {ADMINISTRATOR}),
    row("POST", "/admin/guests/import/<job>", {ADMINISTRATOR}, INVITES - {ADMINISTRATOR}),
    row("POST", "/admin/guests/columns", SEES_GUESTS, column="state"),
    row("POST", "/admin/guests/bulk", STAFF - {AUDITOR}, act="resend", scope="all"),
    *bulk("renew"),
    *bulk("resend", *OWNERS, INVITER, HELP_DESK),
    *bulk("sign-out"),
    *bulk("unassign", OWNER, OTHER_OWNER),
    *bulk("ungroup", GROUP_OWNER),
    *bulk("block"),
    *bulk("unblock"),
    *bulk("delete"),
    row("GET", "/admin/jobs", STAFF),
    row("GET", "/admin/jobs/<job>", {AUDITOR, ADMINISTRATOR}, NOT_THEIRS),
    row("POST", "/admin/jobs/<job>/stop", {ADMINISTRATOR}, NOT_THEIRS),
    row("GET", "/admin/jobs/<job>/continue", {ADMINISTRATOR}, NOT_THEIRS),
    row("POST", "/admin/jobs/<job>/continue", {ADMINISTRATOR}, NOT_THEIRS),
    row("GET", "/admin/jobs/<job>/result", {AUDITOR, ADMINISTRATOR}, NOT_THEIRS),
    row("GET", "/admin/partners", {AUDITOR, ADMINISTRATOR}),
    row("GET", "/admin/partners/<partner>", {AUDITOR, ADMINISTRATOR}),
    row("GET", "/admin/partners/new", {ADMINISTRATOR}),
    row("POST", "/admin/partners/new", {ADMINISTRATOR}, id="woodgrove"),
    row("GET", "/admin/setup-links", {AUDITOR, ADMINISTRATOR}),
    row("GET", "/admin/setup-links/new", {ADMINISTRATOR}),
    row("POST", "/admin/setup-links/new", {ADMINISTRATOR}, partner="woodgrove", name="Woodgrove", days="7"),
    row("GET", "/admin/setup-links/<uuid:setup_link>", {AUDITOR, ADMINISTRATOR}),
    row("GET", "/admin/setup-links/<uuid:setup_link>/revoke", {ADMINISTRATOR}),
    row("POST", "/admin/setup-links/<uuid:setup_link>/revoke", {ADMINISTRATOR}, reason="lost"),
    row("GET", "/admin/setup-links/<uuid:setup_link>/file", set(), {AUDITOR, ADMINISTRATOR}),  # nothing was entered
    row("GET", "/admin/setup-links/<uuid:setup_link>/metadata", set(), {AUDITOR, ADMINISTRATOR}),
    row("POST", "/admin/setup-links/<uuid:setup_link>/proposal", set(), {ADMINISTRATOR}, answered_at="1"),
    row("POST", "/admin/setup-links/<uuid:setup_link>/domains", set(), {ADMINISTRATOR}),  # nothing was entered
    row("POST", "/admin/setup-links/<uuid:setup_link>/decide", {ADMINISTRATOR}, answer="accept", answered_at="1"),
    row("GET", "/admin/policies", {AUDITOR, ADMINISTRATOR}),
    row("GET", "/admin/policies/<policy>", {AUDITOR, ADMINISTRATOR}),
    row("GET", "/admin/policies/what-if", {AUDITOR, ADMINISTRATOR}),
    row("GET", "/admin/policies/replay", {AUDITOR, ADMINISTRATOR}),
    row("POST", "/admin/policies/replay", {AUDITOR, ADMINISTRATOR}, policy="half", days="7", draft="x: y"),
    row("GET", "/admin/policies/new", {ADMINISTRATOR}),
    row("POST", "/admin/policies/new", {ADMINISTRATOR}, id="p", name="P", state="report_only"),
    row("GET", "/admin/requests", SEES_REQUESTS),
    row("GET", "/admin/requests/<uuid:asked>", {OWNER, AUDITOR, ADMINISTRATOR}, {OTHER_OWNER, GROUP_OWNER}),
    row("POST", "/admin/requests/<uuid:asked>", {OWNER, ADMINISTRATOR}, {OTHER_OWNER, GROUP_OWNER}, answer="refuse", words="No."),
    row("GET", "/admin/reviews", STAFF),
    row(
        "POST",
        "/admin/reviews",
        {OWNER, ADMINISTRATOR},
        {OTHER_OWNER, GROUP_OWNER},
        application="payroll",
        due="2027-02-01",
        asks="sponsors",
    ),
    row("GET", "/admin/reviews/<uuid:review>", {OWNER, AUDITOR, ADMINISTRATOR}, NO_ROWS),
    row("POST", "/admin/reviews/<uuid:review>", {OWNER, ADMINISTRATOR}, NO_ROWS, scope="all", every="keep"),
    row("GET", "/admin/reviews/<uuid:review>/export", {OWNER, AUDITOR, ADMINISTRATOR}, NO_ROWS),
    row("POST", "/admin/reviews/<uuid:review>/remind", {OWNER, ADMINISTRATOR}, {OTHER_OWNER, GROUP_OWNER}),
    row("GET", "/admin/groups", SEES_GROUPS),
    row("POST", "/admin/groups", {ADMINISTRATOR}, name="Night shift"),
    row("GET", "/admin/groups/<uuid:group>", SEES_GROUPS),
    row("POST", "/admin/groups/<uuid:group>/members", {GROUP_OWNER, ADMINISTRATOR}, act="add", email="bo@fabrikam.example"),
    row("POST", "/admin/groups/<uuid:group>/owners", {GROUP_OWNER, ADMINISTRATOR}, act="add", owner="zoe@contoso.example"),
    row("GET", "/admin/groups/<uuid:group>/rule", set(), SEES_GROUPS),  # its members are kept by hand
    row("POST", "/admin/groups/<uuid:group>/rule", {ADMINISTRATOR}, rule="partner = fabrikam"),
    row("GET", "/admin/groups/<uuid:group>/delete", {ADMINISTRATOR}),
    row("POST", "/admin/groups/<uuid:group>/delete", {ADMINISTRATOR}),
    row("GET", "/admin/applications", SEES_APPLICATIONS),
    row("GET", "/admin/applications/new", {ADMINISTRATOR}),
    row("POST", "/admin/applications/new", {ADMINISTRATOR}),
    row("GET", PAYROLL, SEES_APPLICATIONS - {OTHER_OWNER}, {OTHER_OWNER}),
    row("POST", f"{PAYROLL}/assign", {OWNER, ADMINISTRATOR}, {OTHER_OWNER}, holder="ada@fabrikam.example", role="approver"),
    *(
        row(method, f"{PAYROLL}/assignments/<uuid:assignment>/{name}", {OWNER, ADMINISTRATOR}, {OTHER_OWNER}, **form)
        for method in ("GET", "POST")
        for name, form in (("change", {"role": "viewer"}), ("remove", {}))
    ),
    row("GET", "/admin/audit", {ADMINISTRATOR, AUDITOR}),
    row("GET", "/admin/audit/export", {ADMINISTRATOR, AUDITOR}),
    row("GET", "/admin/audit/verify", {ADMINISTRATOR, AUDITOR}),
    row("GET", "/admin/roles", {ADMINISTRATOR, AUDITOR}),
    row("GET", "/admin/sign-ins", SIGN_INS),
    row("GET", "/admin/sign-ins/export", SIGN_INS),
    row("GET", "/admin/sign-ins/<reference>", {ADMINISTRATOR, AUDITOR, HELP_DESK, OWNER}, {OTHER_OWNER}),
)

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
    "/setup/connection",
    "/setup/domains",
    "/setup/finish",
    "/setup/trial",
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
    "/signin/<uuid:login>/passkey-sign-in",
    "/signin/<uuid:login>/restart",
    "/signin/<uuid:login>/saved",
    "/signin/<uuid:login>/sign-up",
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
    ("POST", "/backchannel/<partner>"),
    ("GET", "/saml/slo"),
    ("GET", "/saml/signed-out"),
    ("GET", "/oidc/<partner>/signed-out"),
    ("POST", "/logout/home"),
    ("POST", "/saml/slo"),
    ("POST", "/saml/acs"),
    ("POST", "/saml/<partner>/acs"),
    ("GET", "/saml/<partner>/metadata"),
    ("GET", "/saml/<partner>/start"),
    ("GET", "/saml/<partner>/claim"),
    ("GET", "/saml/<federation>/<entity>/claim"),
    ("GET", "/authorize"),
    ("POST", "/authorize"),
    ("POST", "/token"),
    ("GET", "/<tenant>/v2.0/.well-known/openid-configuration"),
    ("POST", "/<tenant>/oauth2/v2.0/token"),
    ("GET", "/sign-up/<application>"),  # closed for every application here: 404
    ("POST", "/sign-up/<application>"),
    ("GET", "/sign-up/<application>/done"),
    ("GET", "/userinfo"),
    ("POST", "/userinfo"),
    ("POST", "/introspect"),
    ("GET", "/device"),
    ("POST", "/device"),
    ("POST", "/device/continue"),
    ("POST", "/device/refuse"),
    ("GET", "/device/done"),
    ("GET", "/device/refused"),
    ("POST", "/device_authorization"),
    ("POST", "/par"),
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
    ("GET", "/setup"),
    ("GET", "/setup/<ticket>"),
    ("GET", "/setup/trial"),
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
