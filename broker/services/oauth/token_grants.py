"""The token endpoint's two use-cases within one transaction: code to tokens, refresh token to the next ones."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from broker.domain.audit import Actor, Event
from broker.domain.claims import PROOFS
from broker.domain.errors import OAuthError
from broker.domain.grant_status import Standing, as_of_now, objection, policy_objection
from broker.domain.ids import new_secret
from broker.domain.login import Grant
from broker.domain.policy import Rulebook
from broker.jose.keys import PrivateKey
from broker.provider import pkce, token_request, tokens
from broker.provider.application import ApplicationView
from broker.services.history import audit
from broker.services.oauth import released_claims
from broker.services.sessions.homes import home_of
from broker.settings.broker_file import TokenSettings
from broker.settings.load import Settings
from broker.storage.engine import Connection
from broker.storage.oauth import grants
from broker.storage.oauth import tokens as token_rows
from broker.storage.oauth.tokens import Family

if TYPE_CHECKING:
    from broker.provider.pyop_adapter.state import Bound


class Remembered(OAuthError):
    """A refusal that must be committed: a burnt code, a token used twice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One request of one authenticated application, in one transaction at one moment (HP-6).

    key: for its ID tokens. policies, settings: the files of this moment.
    """

    tx: Connection
    application: ApplicationView
    issuer: str
    lifetimes: TokenSettings
    key: PrivateKey
    policies: Rulebook
    settings: Settings
    now: int

    def holding(self, standing: Standing | None, *, just_judged: bool = False) -> Grant:
        """`holding` at this desk. Raises OAuthError(invalid_grant)."""
        return holding(
            standing, self.application, self.policies, self.settings, self.now, "invalid_grant", just_judged=just_judged
        )

    def sign(self, grant: Grant, claims: Mapping[str, Any], nonce: str | None, access_token: str) -> str:
        """The ID token."""
        return tokens.id_token(
            grant,
            issuer=self.issuer,
            key=self.key,
            claims=claims,
            access_token=access_token,
            nonce=nonce,
            now=self.now,
            lifetime=self.lifetimes.id,
            with_proofs=PROOFS in released_claims.names(grant, "id_token", (), self.application),
        )

    def make_access(self, grant: Grant, scopes: Iterable[str]) -> tuple[str, int]:
        """A new access token and its seconds."""
        value, seconds = new_secret(), self.lifetimes.access
        token_rows.add_access(self.tx, value, grant.id, tuple(scopes), now=self.now, expires_at=self.now + seconds)
        return value, seconds

    def make_refresh(self, family: Family) -> str:
        """The next token of a family."""
        value = new_secret()
        token_rows.add_refresh(self.tx, value, family, self.now + self.lifetimes.refresh_idle)
        return value


def record(tx: Connection, name: str, application: ApplicationView, grant_id: str, now: int) -> None:
    """One audit event of an application about a grant."""
    audit.record(tx, Event(name=name, actor=Actor.application(application.client_id), target=grant_id), now)


def exchange(desk: Desk, form: Mapping[str, str]) -> dict[str, Any]:
    """Code to tokens, once (HP-30..33). Every refusal is Remembered, so that the burning is committed."""
    from broker.provider.pyop_adapter.op import Provider
    from broker.provider.pyop_adapter.state import GrantState, Store

    code, redirect_uri = token_request.required(form, "code"), token_request.required(form, "redirect_uri")
    application = desk.application

    def make_refresh(grant: Grant) -> str | None:
        if "offline_access" not in usable(grant, application):  # HP-33
            return None
        end = desk.now + desk.lifetimes.refresh  # HP-35: absolute
        return desk.make_refresh(token_rows.add_family(desk.tx, grant.id, grant.client_id, end))

    store = Store(
        take_code=lambda value: _take_code(desk, value, redirect_uri, form.get("code_verifier")),
        make_access=lambda grant: desk.make_access(grant, usable(grant, application)),
        make_refresh=make_refresh,
    )
    state = GrantState(store, released_claims.namer(application))
    request = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
    request |= {"code_verifier": form["code_verifier"]} if "code_verifier" in form else {}
    op = Provider(client_id=application.client_id, state=state, sign=desk.sign, form=request)
    try:
        answer = op.tokens()
    except OAuthError as refusal:
        remembered = Remembered(refusal.error, refusal.reason)
        remembered.mistake = refusal.mistake
        raise remembered from refusal
    return {**answer, "scope": " ".join(usable(state.grant, application))}


def _take_code(desk: Desk, code: str, redirect_uri: str, verifier: str | None) -> Bound:
    """Spend the code, then judge: whatever is wrong from here on has burnt it (HP-32, HP-60)."""
    from broker.provider.pyop_adapter.state import Bound

    client_id = desk.application.client_id
    spent = grants.take_code(desk.tx, code, client_id, desk.now)
    if spent is None:
        grant_id = grants.grant_of_spent_code(desk.tx, code, client_id)
        if grant_id is None:
            raise OAuthError("invalid_grant", "code_unknown")
        if grants.end(desk.tx, grant_id, desk.now):  # HP-31: shown twice, it ends every token of its grant
            record(desk.tx, "code.reused", desk.application, grant_id, desk.now)
        raise OAuthError("invalid_grant", "code_reused")
    if spent.redirect_uri != redirect_uri:
        raise OAuthError("invalid_grant", "code_proof").of_application(client_id, redirect_uri, (spent.redirect_uri,))
    if not pkce.proves(spent.challenge, verifier):
        raise OAuthError("invalid_grant", "code_proof").of_application(client_id, *_proofs(spent.challenge, verifier))
    standing = grants.standing(desk.tx, spent.grant_id, desk.now)
    grant = desk.holding(standing, just_judged=True)
    return Bound(grant, spent.redirect_uri, spent.challenge)


def _proofs(challenge: str | None, verifier: str | None) -> tuple[str, tuple[str, ...]]:
    """What was shown of PKCE, and what the request had announced."""
    if challenge is None:
        return "a code_verifier", ("none: the authorization request had no code_challenge",)
    wanted = ("the code_verifier of which the code_challenge is the SHA-256",)
    return ("no code_verifier" if verifier is None else "another code_verifier"), wanted


def refresh(desk: Desk, form: Mapping[str, str]) -> dict[str, Any]:
    """The next tokens of a family (HP-34, HP-35). The ID token has no nonce (Core 12.2)."""
    value, application = token_request.required(form, "refresh_token"), desk.application
    family = token_rows.take_refresh(desk.tx, value, application.client_id, desk.now)
    if family is None:
        raise _refresh_refused(desk, value)
    standing = grants.standing(desk.tx, family.grant_id, desk.now)
    grant = desk.holding(standing)
    held = usable(grant, application)
    if "offline_access" not in held:
        raise OAuthError("invalid_grant", "offline_access_taken_back")
    scopes = token_request.narrowed(form, held)
    access, seconds = desk.make_access(grant, scopes)
    answer: dict[str, Any] = {"access_token": access, "token_type": "Bearer", "expires_in": seconds}
    answer |= {"refresh_token": desk.make_refresh(family), "scope": " ".join(scopes)}
    if "openid" in scopes:
        names = released_claims.names(grant, "id_token", scopes, application)
        said = {name: grant.claims[name] for name in names if name in grant.claims}
        answer["id_token"] = desk.sign(grant, said, None, access)
    return answer


def _refresh_refused(desk: Desk, token: str) -> OAuthError:
    """HP-35: a rotated token shown again ends its family, and the grant with its access tokens."""
    family = token_rows.family_of_spent(desk.tx, token, desk.application.client_id)
    if family is None:
        return OAuthError("invalid_grant", "refresh_unknown")
    if token_rows.revoke_family(desk.tx, family.id, desk.now):
        grants.end(desk.tx, family.grant_id, desk.now)
        record(desk.tx, "refresh_token.reused", desk.application, family.grant_id, desk.now)
    return Remembered("invalid_grant", "refresh_reused")


def holding(
    standing: Standing | None,
    application: ApplicationView,
    policies: Rulebook,
    settings: Settings,
    now: int,
    error: str,
    *,
    just_judged: bool = False,
) -> Grant:
    """The grant, if it still holds by the files of this moment, with the proofs, groups and roles that count now (HP-36).

    Raises OAuthError(error).
    """
    if standing is None:
        raise OAuthError(error, "grant_gone")
    home = home_of(settings, standing.grant.idp, standing.issuer, standing.email)
    standing = as_of_now(standing, home)
    reason = objection(standing, assignment_required=application.assignment_required, now=now, home=home)
    reason = reason or policy_objection(standing, policies, now, just_judged=just_judged)
    if reason is not None:
        raise OAuthError(error, reason)
    return released_claims.current(standing, application)


def usable(grant: Grant, application: ApplicationView) -> tuple[str, ...]:
    """The grant's scopes that the application's file still allows (HP-36)."""
    return tuple(scope for scope in grant.scopes if scope in application.scopes)
