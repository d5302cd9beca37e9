"""Grants: opened by the dispatcher, used by applications. Every use asks again whether it still holds (HP-36)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from broker.domain.audit import Actor, Event
from broker.domain.errors import OAuthError
from broker.domain.guest import Kind, Person
from broker.domain.ids import new_id, new_secret
from broker.domain.login import Grant, Session
from broker.domain.request import AuthorizationRequest
from broker.domain.standing import Standing, objection
from broker.jose.keys import PrivateKey
from broker.provider import pkce, token_request, tokens
from broker.provider.hint import HintClaims, read_hint
from broker.provider.view import ApplicationView
from broker.services import audit, claims_view
from broker.services.applications import application_view
from broker.services.keys import Keys
from broker.settings.load import Settings
from broker.storage import consents, grants, people, subjects
from broker.storage import tokens as token_rows
from broker.storage.engine import Database

CODE_LIFE = 60  # seconds (HP-29)


class Remembered(OAuthError):
    """A refusal that must be committed: a burnt code, a token used twice."""


class Grants:
    """What applications hold, and what it opens."""

    def __init__(self, db: Database, clock: Callable[[], int], settings: Callable[[], Settings], keys: Keys) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings
        self._keys = keys

    # --- opened by the dispatcher, in its transaction ---------------------------------------------------------------

    def open(
        self, tx: Connection, *, request: AuthorizationRequest, person: Person, session: Session, address: str, now: int
    ) -> tuple[Grant, str]:
        """The grant and its code. What is released is frozen here: consented, allow-listed, for this application (HP-19, HP-41).

        Raises OAuthError(unauthorized_client) where the application's file is gone.
        """
        application = self._application(request.client_id)
        if application is None:
            raise OAuthError("unauthorized_client", "application_removed")
        consented = application.scopes if person.kind is Kind.MEMBER else consents.given(tx, person.id, application.client_id)
        consented = frozenset(consented or ())
        roles = [role for _, role in people.assignments_of(tx, person.id, application.client_id, now)]
        scopes = tuple(scope for scope in request.scopes if scope in consented and scope in application.scopes)  # HP-18
        view = claims_view.view(person, session, application, roles=roles, consented=consented)
        grant = Grant(
            id=new_id(),
            sid=session.sid,
            person_id=person.id,
            client_id=application.client_id,
            sub=subjects.obtain(tx, application.sector, person.id),
            scopes=scopes,
            claims={},
            requested=request.claims,
            acr=session.acr,
            amr=session.amr,
            auth_time=session.auth_time,
            idp=session.partner,
            nonce=request.nonce,
            address=address,
            created_at=now,
        )
        wanted = {
            name for part in ("id_token", "userinfo") for name in claims_view.names(grant, part, scopes, application.claims)
        }
        grant = replace(grant, claims={name: value for name, value in view.items() if name in wanted})
        return grant, self._make_code(tx, application, grant, request, now)

    def _make_code(
        self, tx: Connection, application: ApplicationView, grant: Grant, request: AuthorizationRequest, now: int
    ) -> str:
        from broker.provider.op import Provider
        from broker.provider.state import Bound, GrantState, Store

        def insert(bound: Bound) -> str:
            code = new_secret()
            grants.add(tx, bound.grant)
            expires_at = now + CODE_LIFE
            grants.add_code(
                tx, code, bound.grant, redirect_uri=bound.redirect_uri, challenge=bound.challenge, expires_at=expires_at
            )
            return code

        bound = Bound(grant, request.redirect_uri, request.code_challenge)
        state = GrantState(Store(make_code=insert), self._names(application), bound)
        return Provider(client_id=application.client_id, state=state, sign=_no_signature).code(grant.id)

    # --- used by applications ---------------------------------------------------------------------------------------

    def tokens(self, application: ApplicationView, form: Mapping[str, str]) -> dict[str, Any]:
        """The answer of the token endpoint to an authenticated application. Raises OAuthError (RFC 6749 5.2)."""
        kind = token_request.grant_type(form, api_permissions=bool(application.api_permissions))
        return self.exchange(application, form) if kind == "authorization_code" else self.refresh(application, form)

    def exchange(self, application: ApplicationView, form: Mapping[str, str]) -> dict[str, Any]:
        """Code to tokens, once (HP-30..33). A refusal commits the burning."""
        from broker.provider.op import Provider
        from broker.provider.state import Bound, GrantState, Store

        code, redirect_uri = token_request.required(form, "code"), token_request.required(form, "redirect_uri")
        now = self._clock()

        def transaction(tx: Connection) -> dict[str, Any]:
            def take(value: str) -> Bound:
                spent = grants.take_code(tx, value, application.client_id, now)
                if spent is None:
                    raise self._code_refused(tx, value, application, now)
                if spent.redirect_uri != redirect_uri or not pkce.proves(spent.challenge, form.get("code_verifier")):
                    raise Remembered("invalid_grant", "code_proof")  # HP-32: the code is burnt
                grant = self._holding(grants.standing(tx, spent.grant_id, now), application, now).grant
                return Bound(grant, spent.redirect_uri, spent.challenge)

            def make_access(grant: Grant) -> tuple[str, int]:
                return self._make_access(tx, grant, _usable(grant, application), now)

            def make_refresh(grant: Grant) -> str | None:
                if "offline_access" not in _usable(grant, application):  # HP-33
                    return None
                end = now + self._settings().broker.tokens.refresh
                return self._make_refresh(tx, token_rows.add_family(tx, grant.id, grant.client_id, end), now)

            store = Store(take_code=take, make_access=make_access, make_refresh=make_refresh)
            state = GrantState(store, self._names(application))
            sign = self._signer(application, now)
            op = Provider(client_id=application.client_id, state=state, sign=sign, form={**form, "code": code})
            answer = op.tokens()
            return {**answer, "scope": " ".join(_usable(state.grant, application))}

        return self._commit(transaction)

    def refresh(self, application: ApplicationView, form: Mapping[str, str]) -> dict[str, Any]:
        """The next tokens of a family (HP-34, HP-35). The ID token has no nonce (Core 12.2)."""
        value, now = token_request.required(form, "refresh_token"), self._clock()

        def transaction(tx: Connection) -> dict[str, Any]:
            family = token_rows.take_refresh(tx, value, application.client_id, now)
            if family is None:
                raise self._refresh_refused(tx, value, application, now)
            grant = self._holding(grants.standing(tx, family.grant_id, now), application, now).grant
            held = _usable(grant, application)
            if "offline_access" not in held:
                raise OAuthError("invalid_grant", "offline_access_taken_back")
            scopes = token_request.narrowed(form, held)
            access, seconds = self._make_access(tx, grant, scopes, now)
            said = {
                name: grant.claims[name] for name in self._names(application)(grant, "id_token", scopes) if name in grant.claims
            }
            return {
                "access_token": access,
                "token_type": "Bearer",
                "expires_in": seconds,
                "refresh_token": self._make_refresh(tx, family, now),
                "scope": " ".join(scopes),
                **({"id_token": self._signer(application, now)(grant, said, None, access)} if "openid" in scopes else {}),
            }

        return self._commit(transaction)

    def userinfo(self, value: str) -> tuple[ApplicationView, dict[str, Any]]:
        """The application of an access token, and what it opens. Raises OAuthError (invalid_token, insufficient_scope)."""
        from broker.provider.op import Provider
        from broker.provider.state import Granted, GrantState, Store

        now = self._clock()
        with self._db.read() as tx:
            token = token_rows.access(tx, value, now)
        application = None if token is None else self._application(token.standing.grant.client_id)
        if token is None or application is None:
            raise OAuthError("invalid_token", "token_unknown")
        grant = self._holding(token.standing, application, now, error="invalid_token").grant
        if "openid" not in token.scopes:
            raise OAuthError("insufficient_scope", "no_openid")
        state = GrantState(Store(find_access=lambda _value: Granted(grant, token.scopes)), self._names(application))
        op = Provider(client_id=application.client_id, state=state, sign=_no_signature)
        return application, op.claims_for(value)

    def introspect(self, application: ApplicationView, form: Mapping[str, str]) -> dict[str, Any]:
        """RFC 7662 2.2, for the token's own application and those of its `audiences`; to all others it is not active (HP-38)."""
        value, now = token_request.required(form, "token"), self._clock()
        with self._db.read() as tx:
            access = token_rows.access(tx, value, now)
            refresh = None if access else token_rows.refresh(tx, value, now)
        found = access or refresh
        own = None if found is None else self._application(found.standing.grant.client_id)
        if found is None or own is None or not _may_look(application, own, is_access=access is not None):
            return {"active": False}
        if self._objection(found.standing, own, now) is not None:
            return {"active": False}
        grant = found.standing.grant
        answer: dict[str, Any] = {
            "active": True,
            "iss": self._issuer,
            "client_id": grant.client_id,
            "sub": grant.sub,
            "exp": found.expires_at,
            "acr": grant.acr,
            "auth_time": grant.auth_time,
        }
        if access is None:
            return answer | {"scope": " ".join(_usable(grant, own))}
        audience = [grant.client_id, *sorted(own.audiences)]
        return answer | {"scope": " ".join(access.scopes), "token_type": "Bearer", "iat": access.created_at, "aud": audience}

    def revoke(self, application: ApplicationView, form: Mapping[str, str]) -> None:
        """RFC 7009 2.1: an access token alone; a refresh token with its family and grant. Others' and unknown ones: nothing."""
        value, now = token_request.required(form, "token"), self._clock()
        with self._db.write() as tx:
            grant_id = token_rows.revoke_access(tx, value, application.client_id, now)
            if grant_id is None:
                family = token_rows.family_of(tx, value, application.client_id)
                if family is None:
                    return
                token_rows.revoke_family(tx, family.id, now)
                grants.end(tx, family.grant_id, now)
                grant_id = family.grant_id
            self._record(tx, "token.revoked", application, grant_id, now)

    def hint(self, token: str) -> HintClaims:
        """Verify an id_token_hint (HP-15). Raises JoseError."""
        return read_hint(token, issuer=self._issuer, keys=self._keys.ring().public_keys(), now=self._clock())

    # --- parts ------------------------------------------------------------------------------------------------------

    @property
    def _issuer(self) -> str:
        return self._settings().issuer

    def _application(self, client_id: str) -> ApplicationView | None:
        file = self._settings().applications.get(client_id)
        return None if file is None else application_view(file)

    def _commit(self, transaction: Callable[[Connection], dict[str, Any]]) -> dict[str, Any]:
        """One transaction; a refusal that must be remembered is committed first, then raised."""
        refusal: Remembered | None = None
        with self._db.write() as tx:
            try:
                return transaction(tx)
            except Remembered as error:
                refusal = error
        raise refusal

    def _holding(
        self, standing: Standing | None, application: ApplicationView, now: int, error: str = "invalid_grant"
    ) -> Standing:
        """The standing if it holds. Raises OAuthError(error)."""
        if standing is None:
            raise OAuthError(error, "grant_gone")
        reason = self._objection(standing, application, now)
        if reason is not None:
            raise OAuthError(error, reason)
        return standing

    @staticmethod
    def _objection(standing: Standing, application: ApplicationView, now: int) -> str | None:
        return objection(standing, assignment_required=application.assignment_required, now=now)

    def _code_refused(self, tx: Connection, code: str, application: ApplicationView, now: int) -> OAuthError:
        """HP-31: a code shown twice ends its grant, and so every token of it."""
        grant_id = grants.grant_of_spent_code(tx, code, application.client_id)
        if grant_id is None:
            return OAuthError("invalid_grant", "code_unknown")
        if grants.end(tx, grant_id, now):
            self._record(tx, "code.reused", application, grant_id, now)
        return Remembered("invalid_grant", "code_reused")

    def _refresh_refused(self, tx: Connection, token: str, application: ApplicationView, now: int) -> OAuthError:
        """HP-35: a rotated token shown again ends its family, and the grant with its access tokens."""
        family = token_rows.family_of_spent(tx, token, application.client_id)
        if family is None:
            return OAuthError("invalid_grant", "refresh_unknown")
        if token_rows.revoke_family(tx, family.id, now):
            grants.end(tx, family.grant_id, now)
            self._record(tx, "refresh_token.reused", application, family.grant_id, now)
        return Remembered("invalid_grant", "refresh_reused")

    def _make_access(self, tx: Connection, grant: Grant, scopes: Iterable[str], now: int) -> tuple[str, int]:
        value, seconds = new_secret(), self._settings().broker.tokens.access
        token_rows.add_access(tx, value, grant.id, tuple(scopes), now=now, expires_at=now + seconds)
        return value, seconds

    def _make_refresh(self, tx: Connection, family: token_rows.Family, now: int) -> str:
        value = new_secret()
        token_rows.add_refresh(tx, value, family, now + self._settings().broker.tokens.refresh_idle)
        return value

    def _signer(self, application: ApplicationView, now: int) -> Callable[[Grant, Mapping[str, Any], str | None, str], str]:
        key: PrivateKey = self._keys.ring().signing(application.alg, now)
        issuer, lifetime = self._issuer, self._settings().broker.tokens.id

        def sign(grant: Grant, claims: Mapping[str, Any], nonce: str | None, access_token: str) -> str:
            return tokens.id_token(
                grant, issuer=issuer, key=key, claims=claims, access_token=access_token, nonce=nonce, now=now, lifetime=lifetime
            )

        return sign

    @staticmethod
    def _names(application: ApplicationView) -> Callable[[Grant, str, Iterable[str]], list[str]]:
        return lambda grant, part, scopes: claims_view.names(grant, part, scopes, application.claims)

    @staticmethod
    def _record(tx: Connection, name: str, application: ApplicationView, grant_id: str, now: int) -> None:
        audit.record(tx, Event(name=name, actor=Actor(kind="application", id=application.client_id), target=grant_id), now)


def _usable(grant: Grant, application: ApplicationView) -> tuple[str, ...]:
    """The grant's scopes that the application's file still allows (HP-36)."""
    return tuple(scope for scope in grant.scopes if scope in application.scopes)


def _may_look(caller: ApplicationView, own: ApplicationView, *, is_access: bool) -> bool:
    return caller.client_id == own.client_id or (is_access and caller.client_id in own.audiences)


def _no_signature(*_: object) -> str:
    raise OAuthError("server_error", "nothing_is_signed_here")
