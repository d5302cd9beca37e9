"""The token endpoint's desk: what a grant type does with codes, tokens and grants, within one transaction."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from broker.domain.audit import Actor, Event
from broker.domain.claims import PROOFS
from broker.domain.errors import OAuthError
from broker.domain.grant_status import Standing, as_of_now, objection, policy_objection
from broker.domain.ids import digest, new_secret
from broker.domain.login import Grant
from broker.domain.policy import Rulebook
from broker.domain.token import RefreshFamily, SpentCode, TakenRefresh
from broker.jose.keys import PrivateKey
from broker.keyring.errors import SealError
from broker.keyring.seal import Sealer
from broker.provider import tokens
from broker.provider.application import PUBLIC, ApplicationView
from broker.provider.device import SLOWER
from broker.provider.grants.desk import CommittedRefusal, TokenDesk
from broker.services.history import audit
from broker.services.oauth import released_claims
from broker.services.sessions.homes import home_of
from broker.settings.load import Settings
from broker.storage.engine import Connection
from broker.storage.oauth import api_tokens, device_codes, grants, refresh_answers
from broker.storage.oauth import tokens as token_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskOnRows:
    """One request of one authenticated application, in one transaction at one moment (HP-6).

    key: for its ID tokens. finish: what a signed ID token becomes for this application. sealer: for responses that may be
    repeated. policies, settings: the files of this moment. jkt, x5t: the thumbprints of the key that the request
    proved (RFC 9449), and of the certificate that its access tokens are bound to (RFC 8705).
    """

    tx: Connection
    application: ApplicationView
    key: PrivateKey
    finish: Callable[[str], str]
    sealer: Sealer
    policies: Rulebook
    settings: Settings
    now: int
    jkt: str | None = None
    x5t: str | None = None

    def desk(self) -> TokenDesk:
        """The same as the grant types of provider/grants see it."""
        return TokenDesk(
            application=self.application,
            jkt=self.jkt,
            take_code=self._take_code,
            take_device=self._take_device,
            take_refresh=self._take_refresh,
            grant=self._grant,
            new_grant=lambda grant_id: self._grant(grant_id, just_judged=True),
            names=released_claims.namer(self.application),
            make_access=self._make_access,
            make_family=self._make_family,
            make_refresh=self._make_refresh,
            keep_answer=self._keep_answer,
            make_api_token=self._make_api_token,
            api_scopes=api_scopes(self.settings.issuer),
            sign=self._sign,
        )

    def _take_code(self, code: str) -> SpentCode:
        """Uses the code up by one conditional statement. A code that is used twice ends its grant (HP-31)."""
        client_id = self.application.client_id
        spent = grants.take_code(self.tx, code, client_id, self.now)
        if spent is not None:
            return spent
        grant_id = grants.grant_of_spent_code(self.tx, code, client_id)
        if grant_id is None:
            raise OAuthError("invalid_grant", "code_unknown")
        if grants.end_reused(self.tx, grant_id, self.now):
            record(self.tx, "code.reused", self.application, grant_id, self.now)
        raise OAuthError("invalid_grant", "code_reused")

    def _take_device(self, device_code: str) -> str:
        """RFC 8628 3.5. What the device learns of the person's answer is committed with the time of its question."""
        client_id, now = self.application.client_id, self.now
        found = device_codes.of_device_code(self.tx, device_code, client_id)
        if found is None or found.spent:
            raise OAuthError("invalid_grant", "device_code_unknown" if found is None else "device_code_reused")
        if now >= found.expires_at:
            raise OAuthError("expired_token", "device_code_expired")
        if found.denied:
            raise OAuthError("access_denied", "device_denied")
        if found.polled_at is not None and now < found.polled_at + found.pause:
            device_codes.note(self.tx, device_code, now, found.pause + SLOWER)
            raise CommittedRefusal("slow_down", "device_too_soon")
        grant_id = device_codes.take(self.tx, device_code, client_id, now)
        if grant_id is None:
            device_codes.note(self.tx, device_code, now, found.pause)
            raise CommittedRefusal("authorization_pending", "device_pending")
        return grant_id

    def _take_refresh(self, token: str) -> TakenRefresh:
        """Uses the token up (FAPI 2.0: uses it, and it stays), or finds the response of the newest token's predecessor.

        Any other token that is used twice ends its family, and the grant with its access tokens (HP-35).
        """
        client_id, stays = self.application.client_id, not self.application.rotating_refresh
        if stays:
            end = self.now + self.settings.broker.tokens.refresh_idle
            family = token_rows.keep_refresh(self.tx, token, client_id, self.now, end)
        else:
            family = token_rows.take_refresh(self.tx, token, client_id, self.now)
        if family is not None:
            return TakenRefresh(family, stays=stays)
        repeated = refresh_answers.find(self.tx, token, client_id, self.now)
        if repeated is not None:
            return TakenRefresh(repeated[0], self._opened(token, repeated[1]))
        family = token_rows.family_of_spent(self.tx, token, client_id)
        if family is None:
            raise OAuthError("invalid_grant", "refresh_unknown")
        if token_rows.revoke_family(self.tx, family.id, self.now):
            grants.end_reused(self.tx, family.grant_id, self.now)
            record(self.tx, "refresh_token.reused", self.application, family.grant_id, self.now)
        raise CommittedRefusal("invalid_grant", "refresh_reused")

    def _grant(self, grant_id: str, *, just_judged: bool = False) -> Grant:
        """The grant, if it still holds. Raises OAuthError(invalid_grant)."""
        standing = grants.standing(self.tx, grant_id, self.now)
        return holding(
            standing, self.application, self.policies, self.settings, self.now, "invalid_grant", just_judged=just_judged
        )

    def _make_access(self, grant: Grant, scopes: Iterable[str], resources: Sequence[str]) -> tuple[str, int]:
        """A JWT is a row, too: userinfo, introspection and revocation find it by its hash like any other token."""
        seconds, held = self.settings.broker.tokens.access, tuple(scopes)
        value, audience = new_secret(), tuple(resources)
        if self.application.jwt_access_tokens:
            audience = audience or (self.settings.issuer,)  # RFC 9068 3: a default, here our own userinfo
            value = tokens.access_token(
                grant,
                issuer=self.settings.issuer,
                key=self.key,
                scopes=held,
                audience=audience,
                now=self.now,
                lifetime=seconds,
                jkt=self.jkt,
                x5t=self.x5t,
            )
        end = self.now + seconds
        bound = {"jkt": self.jkt, "x5t": self.x5t}
        token_rows.add_access(self.tx, value, grant.id, held, audience=audience, now=self.now, expires_at=end, **bound)
        return value, seconds

    def _make_family(self, grant: Grant) -> RefreshFamily:
        """RFC 9449 5: the tokens of a public client are bound to its key; those of others are bound to its authentication."""
        end = self.now + self.settings.broker.tokens.refresh  # HP-35: absolute
        key = self.jkt if self.application.client_type == PUBLIC else None
        return token_rows.add_family(self.tx, grant.id, grant.client_id, end, key)

    def _make_refresh(self, family: RefreshFamily) -> str:
        value = new_secret()
        token_rows.add_refresh(self.tx, value, family, self.now + self.settings.broker.tokens.refresh_idle)
        return value

    def _keep_answer(self, token: str, family: RefreshFamily, answer: Mapping[str, Any]) -> None:
        """Seals the response for `tokens.refresh_grace`. Not for a public client's family without a key: the token alone would repeat it."""
        alone = self.application.client_type == PUBLIC and family.jkt is None
        grace = 0 if alone else self.settings.broker.tokens.refresh_grace
        if grace == 0:
            return
        sealed = self.sealer.seal(json.dumps(answer).encode(), _purpose(token, self.jkt, self.x5t))
        end = self.now + grace
        refresh_answers.add(self.tx, token, successor=str(answer["refresh_token"]), sealed=sealed, expires_at=end)

    def _opened(self, token: str, sealed: str) -> Mapping[str, Any]:
        """The response that was sealed. Raises OAuthError(invalid_grant) if its root key is gone, or for another key of the client."""
        try:
            answer: Mapping[str, Any] = json.loads(self.sealer.open(sealed, _purpose(token, self.jkt, self.x5t)))
        except SealError as error:
            raise OAuthError("invalid_grant", error.reason) from error
        return answer

    def _make_api_token(self) -> tuple[str, int]:
        value, seconds = new_secret(), self.settings.broker.tokens.access
        api_tokens.add(self.tx, value, self.application.client_id, now=self.now, expires_at=self.now + seconds, x5t=self.x5t)
        event = Event(name="api_token.issued", actor=Actor.application(self.application.client_id))
        audit.record(self.tx, event, self.now)
        return value, seconds

    def _sign(self, grant: Grant, claims: Mapping[str, Any], nonce: str | None, access_token: str) -> str:
        signed = tokens.id_token(
            grant,
            issuer=self.settings.issuer,
            key=self.key,
            claims=claims,
            access_token=access_token,
            nonce=nonce,
            now=self.now,
            lifetime=self.settings.broker.tokens.id,
            with_proofs=PROOFS in released_claims.names(grant, "id_token", (), self.application),
        )
        return self.finish(signed)


def _purpose(token: str, *bound_to: str | None) -> str:
    """Bound to key and certificate of the response's access token: a request with others cannot open it."""
    return f"refresh_answer:{digest(token)}:{':'.join(name or '' for name in bound_to)}"


def api_scopes(issuer: str) -> frozenset[str]:
    """The two scopes that stand for the management API: the issuer's, and the same without a port, as the Graph SDKs ask (HP-28)."""
    parts = urlsplit(issuer)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    bare = f"{parts.scheme}://{host}{parts.path.rstrip('/')}"
    return frozenset({f"{issuer.rstrip('/')}/.default", f"{bare}/.default"})


def record(tx: Connection, name: str, application: ApplicationView, grant_id: str, now: int) -> None:
    """One audit event of an application about a grant."""
    audit.record(tx, Event(name=name, actor=Actor.application(application.client_id), target=grant_id), now)


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
    """The grant, if it still holds by the files of this moment, with the proofs, groups and roles of this moment (HP-36).

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
