"""A partner says that a person signed out there: the sessions that began there end, with their grants (HO-18; HP-43)."""

from __future__ import annotations

from broker.domain.errors import OAuthError, PageError
from broker.domain.login import home_mark
from broker.domain.network import counted
from broker.services.core import Core
from broker.services.partners.families import Partners
from broker.services.rate_limits import RateLimits
from broker.services.sessions.sessions import Sessions
from broker.storage.factors import single_use

REFUSALS, WINDOW = 300, 600  # refused messages that an address may send in so many seconds (RX-02)


class PartnerLogout:
    """Verifies the message before it ends anything."""

    def __init__(self, core: Core, partners: Partners, sessions: Sessions, rate_limits: RateLimits) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._over_oidc = partners.over_oidc
        self._sessions = sessions
        self._rate_limits = rate_limits

    def by_token(self, partner_id: str, token: str, address: str) -> int:
        """Takes a logout token at the partner's own address; how many sessions ended (Back-Channel Logout 2.5 to 2.7).

        A token that is no new one of this partner for us ends nothing. Raises OAuthError(invalid_request), TooManyAttempts.
        """
        key = f"logout:{counted(address)}"
        self._rate_limits.check(key, limit=REFUSALS, window=WINDOW)
        try:
            return self._by_token(partner_id, token)
        except OAuthError:
            self._rate_limits.hit(key, limit=REFUSALS, window=WINDOW)
            raise

    def _by_token(self, partner_id: str, token: str) -> int:
        partner, now = self._settings().partners.get(partner_id), self._clock()
        if partner is None:
            raise OAuthError("invalid_request", "logout_partner")
        try:
            said = self._over_oidc.connector(partner).logout(token, now)
        except PageError as error:
            raise OAuthError("invalid_request", error.reason) from error
        with self._db.write() as tx:
            if not single_use.once(tx, "logout", f"{partner.id}\0{said.jti}", said.ends, made_at=said.made_at):
                raise OAuthError("invalid_request", "logout_replay")
            ended = self._sessions.end_of_home(
                tx,
                partner.id,
                name=home_mark(said.issuer, said.subject),
                session=home_mark(said.issuer, said.session),
                now=now,
            )
            return len(ended)
