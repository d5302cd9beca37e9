"""What the file of an application says, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from markupsafe import Markup

from broker.domain.times import DAY, HOUR, MINUTE
from broker.settings.application_file import ApplicationFile
from broker.settings.broker_file import TokenSettings
from broker.settings.policy_file import PolicyFile
from broker.web.i18n import Translator, _

_PROOF = {
    "secret": _("a client secret"),
    "private_key_jwt": _("a key of its own (private_key_jwt)"),
    "trusted_issuer": _("tokens of an issuer that its file names (trusted_issuers)"),
    "tls_client_auth": _("a certificate of an authority (tls_client_auth)"),
    "self_signed_tls_client_auth": _("a certificate of its own (self_signed_tls_client_auth)"),
    "public": _("nothing: a public client, with PKCE"),
}
_SUBJECTS = {
    "pairwise": _("its own, which no other application gets (pairwise)"),
    "public": _("the same at every application that is public"),
}
_UNITS = ((DAY, "day"), (HOUR, "hour"), (MINUTE, "minute"), (1, "second"))


def facts(
    file: ApplicationFile, tokens: TokenSettings, policies: Iterable[PolicyFile], say: Translator
) -> list[tuple[Markup, Markup | str]]:
    """(name, value) for the macro `facts`. What has no value is left out, unless its absence says something."""
    found: list[tuple[str, Markup | str]] = [
        ("client_id", file.client_id),
        (_("Proves itself with"), say.gettext(_PROOF[file.client_type])),
        (_("Redirect URIs"), _lines(file.redirect_uris) or say.gettext(_("none"))),
        (_("After a sign-out, back to"), _lines(file.post_logout_redirect_uris)),
        (_("Begins a sign-in at"), file.launch_url or say.gettext(_("nowhere, so it has no tile at /apps"))),
        (_("Grant types"), ", ".join(grant_types(file))),
        (_("Token lifetimes"), _lifetimes(file, tokens, say)),
        (_("May ask for"), ", ".join(file.scopes)),
        (_("Further claims"), ", ".join(sorted({*file.claims, *file.id_token_claims}))),
        (_("A person's identifier"), say.gettext(_SUBJECTS[file.subject_type])),
        (_("ID tokens are signed with"), file.id_token_signed_response_alg),
        (_("Roles"), ", ".join(file.roles) or say.gettext(_("none"))),
        (_("Owners"), ", ".join(file.owners) or say.gettext(_("nobody: administrators keep it"))),
        (_("Self-service"), _self_service(file, say)),
        (_("Policies that speak of it"), _policies(policies, say) or say.gettext(_("none"))),
        (_("At the management API"), ", ".join(file.api_permissions)),
    ]
    return [(say.gettext(name), value) for name, value in found if value]


def grant_types(file: ApplicationFile) -> Iterator[str]:
    """Those of RFC 6749 that the file allows."""
    if file.redirect_uris:
        yield "authorization_code"
    if file.redirect_uris and "offline_access" in file.scopes:
        yield "refresh_token"
    if file.api_permissions:
        yield "client_credentials"


def span(seconds: int, say: Translator) -> str:
    """A length of time in the largest unit that has no rest, such as `10 minutes`."""
    size, unit = next((size, unit) for size, unit in _UNITS if seconds % size == 0)
    return say.span(seconds // size, unit)


def _lifetimes(file: ApplicationFile, tokens: TokenSettings, say: Translator) -> Markup:
    text = say.gettext(_("access token %(access)s, ID token %(id)s"), access=span(tokens.access, say), id=span(tokens.id, say))
    if "offline_access" not in file.scopes:
        return text
    longest, idle = span(tokens.refresh, say), span(tokens.refresh_idle, say)
    return say.gettext(
        _("%(others)s, refresh token %(longest)s, or %(idle)s without use"), others=text, longest=longest, idle=idle
    )


def _self_service(file: ApplicationFile, say: Translator) -> Markup:
    own = file.self_service
    if not own.request:
        return say.gettext(_("off: nobody can ask for access"))
    if own.approval == "none":
        return say.gettext(_("guests ask for access, and get it at once"))
    return say.gettext(_("guests ask for access, and the owners answer"))


def _policies(policies: Iterable[PolicyFile], say: Translator) -> Markup:
    """Their names; one that only reports is marked."""
    reports = say.gettext(_("reports only"))
    texts = (f"{one.name} ({reports})" if one.state == "report_only" else one.name for one in policies)
    return Markup("<br>").join(Markup('<span dir="auto">{}</span>').format(text) for text in texts)


def _lines(values: tuple[str, ...]) -> Markup:
    """Addresses below each other."""
    return Markup("<br>").join(Markup("<code>{}</code>").format(one) for one in values)
