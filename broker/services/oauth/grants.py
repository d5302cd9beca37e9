"""Grants: a login opens one, its application uses it. Every use checks again whether it still holds (HP-36)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from typing import Any

from broker.domain.audit import Actor, Event
from broker.domain.errors import OAuthError
from broker.domain.facts import Facts
from broker.domain.guest import Person, PersonKind
from broker.domain.ids import new_id, new_secret
from broker.domain.login import Grant, Session
from broker.domain.policy import Rulebook
from broker.domain.request import AuthorizationRequest
from broker.domain.token import confirmation
from broker.jose.certificates import ClientCertificate
from broker.keyring.seal import Sealer
from broker.provider import client_certificate, introspection
from broker.provider.application import ApplicationView
from broker.provider.dpop import DpopProof, check_algorithm
from broker.provider.grants import handler_of
from broker.provider.grants.desk import CommittedRefusal
from broker.provider.id_token_hint import HintClaims, read_hint
from broker.provider.parameters import required
from broker.services.core import Core
from broker.services.history import audit
from broker.services.keys.ring import Keys
from broker.services.oauth import proofs, released_claims
from broker.services.oauth.encryption import ResponseEncryption
from broker.services.oauth.token_desk import DeskOnRows, holding, record
from broker.storage.directory import subjects
from broker.storage.engine import Connection
from broker.storage.oauth import api_tokens, grants, tokens

CODE_LIFE = 60  # seconds (HP-29)


class Grants:
    """The grants of applications, and what they give access to."""

    def __init__(
        self,
        core: Core,
        keys: Keys,
        sealer: Sealer,
        applications: Callable[[str], ApplicationView | None],
        policies: Callable[[], Rulebook],
        encryption: ResponseEncryption,
    ) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._keys = keys
        self._sealer = sealer
        self._application = applications
        self._policies = policies
        self._encryption = encryption

    # --- opened by the dispatcher, in its transaction ---------------------------------------------------------------

    def open(
        self,
        tx: Connection,
        *,
        request: AuthorizationRequest,
        person: Person,
        session: Session,
        facts: Facts,
        roles: Iterable[str],
        groups: Iterable[str],
        address: str,
        now: int,
    ) -> tuple[Grant, str]:
        """Makes the grant and its code, and freezes the released claims: consented, allow-listed, for this application (HP-19, HP-41).

        facts: those that the gates read in this transaction, with the consent record (a member's consent counts as given) and
        the proofs that count for this request. roles, groups: of the same records. Raises OAuthError(unauthorized_client) if the
        application has no file any more.
        """
        application = self._application(request.client_id)
        if application is None:
            raise OAuthError("unauthorized_client", "application_removed")
        agreed = frozenset(application.scopes if person.kind is PersonKind.MEMBER else facts.application.consented or ())
        view = released_claims.view(person, session, application, roles=roles, groups=groups, consented=agreed)
        grant = Grant(
            id=new_id(),
            sid=session.sid,
            person_id=person.id,
            client_id=application.client_id,
            sub=subjects.obtain(tx, application.sector, person.id),
            scopes=tuple(scope for scope in request.scopes if scope in agreed and scope in application.scopes),  # HP-18
            claims={},
            requested={**request.claims, "resources": list(request.resources)} if request.resources else request.claims,
            acr=facts.factors.acr,
            amr=facts.factors.amr,
            auth_time=session.auth_time,
            idp=session.partner,
            nonce=request.nonce,
            address=address,
            proof={
                "issuer": session.issuer,
                "auth_time_known": session.auth_time_known,
                "partner_mfa": facts.partner.mfa,
                "by": list(facts.factors.proofs),
            },
            created_at=now,
        )
        names = released_claims.namer(application)
        wanted = {name for part in ("id_token", "userinfo") for name in names(grant, part, grant.scopes)}
        grant = replace(grant, claims={name: value for name, value in view.items() if name in wanted})
        return grant, self._make_code(tx, application, grant, request, now)

    def _make_code(
        self, tx: Connection, application: ApplicationView, grant: Grant, request: AuthorizationRequest, now: int
    ) -> str:
        from broker.provider.pyop_adapter.op import Provider
        from broker.provider.pyop_adapter.state import Bound, GrantState, Store

        def insert(bound: Bound) -> str:
            code = new_secret()
            grants.add(tx, bound.grant)
            end = now + CODE_LIFE
            grants.add_code(
                tx,
                code,
                bound.grant,
                redirect_uri=bound.redirect_uri,
                challenge=bound.challenge,
                expires_at=end,
                jkt=request.dpop_jkt,
            )
            return code

        bound = Bound(grant, request.redirect_uri, request.code_challenge)
        state = GrantState(Store(make_code=insert), released_claims.namer(application), bound)
        return Provider(client_id=application.client_id, state=state).code(grant.id)

    # --- used by applications ---------------------------------------------------------------------------------------

    def tokens(
        self,
        application: ApplicationView,
        form: Mapping[str, str],
        proof: DpopProof | None = None,
        certificate: ClientCertificate | None = None,
    ) -> Mapping[str, Any]:
        """The response of the token endpoint to an authenticated application. Raises OAuthError (RFC 6749 5.2, RFC 9449 5).

        One transaction. A `CommittedRefusal` is committed first, then raised. proof: of the key to which the tokens are bound.
        certificate: of the connection, to which an application's file may bind them (RFC 8705 3).
        """
        if proof is None and application.bound_access_tokens:
            raise OAuthError("invalid_dpop_proof", "dpop_missing")
        check_algorithm(proof, application.signing_algorithms)
        respond, now = handler_of(form, application), self._clock()
        x5t = client_certificate.to_bind(application, certificate, now)
        key = self._keys.ring().signing(application.alg, now)  # before the transaction: it may read the database, too
        policies, settings, finish = self._policies(), self._settings(), self._encryption.of_id_tokens(application)
        with self._db.write() as tx:
            rows = DeskOnRows(
                tx=tx,
                application=application,
                key=key,
                finish=finish,
                sealer=self._sealer,
                policies=policies,
                settings=settings,
                now=now,
                jkt=proof.jkt if proof else None,
                x5t=x5t,
            )
            try:
                proofs.take(tx, proof)
                return respond(rows.desk(), form)
            except CommittedRefusal as error:
                refusal = error
        raise refusal

    def userinfo(
        self, value: str, proof: DpopProof | None = None, certificate: ClientCertificate | None = None
    ) -> tuple[ApplicationView, Mapping[str, Any]]:
        """The application of an access token, and the claims of userinfo. Raises OAuthError (invalid_token, insufficient_scope).

        proof: of the key to which the token is bound, if the token came with the scheme DPoP (RFC 9449 7). certificate: of the connection.
        """
        from broker.provider.pyop_adapter.op import Provider
        from broker.provider.pyop_adapter.state import Granted, GrantState, Store

        now = self._clock()
        with self._db.read() as tx:
            token = tokens.access(tx, value, now)
        application = None if token is None else self._application(token.standing.grant.client_id)
        if token is None or application is None:
            raise OAuthError("invalid_token", "token_unknown")
        if token.jkt != (proof.jkt if proof else None):
            raise OAuthError("invalid_token", "token_key")  # RFC 9449 7.1, 7.2: never as a bearer token, nor by another key
        client_certificate.check_holder(token.x5t, certificate, now)
        grant = holding(token.standing, application, self._policies(), self._settings(), now, "invalid_token")
        scopes = application.permitted(token.scopes)
        if "openid" not in scopes:
            raise OAuthError("insufficient_scope", "no_openid")
        if proof is not None:
            with self._db.write() as tx:
                proofs.take(tx, proof)
        state = GrantState(Store(find_access=lambda _value: Granted(grant, scopes)), released_claims.namer(application))
        return application, Provider(client_id=application.client_id, state=state).claims_for(value)

    def introspect(self, application: ApplicationView, form: Mapping[str, str]) -> Mapping[str, Any]:
        """RFC 7662 2.2, for the token's own application and those of its `audiences`; for all others it is not active (HP-38)."""
        value, now = required(form, "token"), self._clock()
        with self._db.read() as tx:
            access = tokens.access(tx, value, now)
            found = access or tokens.refresh(tx, value, now)
        own = None if found is None else self._application(found.standing.grant.client_id)
        if found is None or own is None or not _may_look(application, own, is_access=access is not None):
            return {"active": False}
        try:
            grant = holding(found.standing, own, self._policies(), self._settings(), now, "invalid_token")
        except OAuthError:
            return {"active": False}
        answer: dict[str, Any] = {"active": True, "iss": self._issuer, "client_id": grant.client_id, "sub": grant.sub}
        answer |= {"exp": found.expires_at, "acr": grant.acr, "auth_time": grant.auth_time}
        if access is None:
            return answer | {"scope": " ".join(own.permitted(grant.scopes))}
        scope = " ".join(own.permitted(access.scopes))
        audience = list(access.audience) or [grant.client_id, *sorted(own.audiences)]
        answer |= {"scope": scope, "token_type": "DPoP" if access.jkt else "Bearer", "iat": access.created_at, "aud": audience}
        bound = confirmation(access.jkt, access.x5t)
        return answer | ({"cnf": bound} if bound else {})  # RFC 9449 6.2, RFC 8705 3.2

    def signed_introspection(self, application: ApplicationView, form: Mapping[str, str]) -> str:
        """The same as a JWT for the caller, signed like its ID tokens (RFC 9701 5)."""
        answer, now = self.introspect(application, form), self._clock()
        key = self._keys.ring().signing(application.alg, now)
        return introspection.signed(answer, issuer=self._issuer, client_id=application.client_id, key=key, now=now)

    def revoke(self, application: ApplicationView, form: Mapping[str, str]) -> None:
        """RFC 7009 2.1: revokes an access token, or a refresh token with its family and grant. An unknown token changes nothing."""
        value, now = required(form, "token"), self._clock()
        with self._db.write() as tx:
            grant_id = tokens.revoke_access(tx, value, application.client_id, now)
            if grant_id is None and api_tokens.revoke(tx, value, application.client_id, now):
                audit.record(tx, Event(name="api_token.revoked", actor=Actor.application(application.client_id)), now)
                return
            if grant_id is None:
                family = tokens.family_of(tx, value, application.client_id)
                if family is None:
                    return
                tokens.revoke_family(tx, family.id, now)
                grants.end(tx, family.grant_id, now)
                grant_id = family.grant_id
            record(tx, "token.revoked", application, grant_id, now)

    def hint(self, token: str) -> HintClaims:
        """Verifies an id_token_hint (HP-15). Raises JoseError."""
        return read_hint(token, issuer=self._issuer, keys=self._keys.ring().public_keys(), now=self._clock())

    # --- parts ------------------------------------------------------------------------------------------------------

    @property
    def _issuer(self) -> str:
        return self._settings().issuer


def _may_look(caller: ApplicationView, own: ApplicationView, *, is_access: bool) -> bool:
    return caller.client_id == own.client_id or (is_access and caller.client_id in own.audiences)
