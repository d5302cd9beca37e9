"""Sign-ins on devices without a browser (RFC 8628): a device shows a code, a person enters it on a page of ours and signs in there."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping

from broker.domain.audit import Actor, Event
from broker.domain.errors import BadRequest, Invalid, OAuthError
from broker.domain.ids import new_secret
from broker.domain.network import counted
from broker.domain.request import AuthorizationRequest
from broker.domain.times import HOUR, MINUTE
from broker.provider.application import ApplicationView
from broker.provider.device import LIFE, PAUSE, DeviceAuthorization, challenge_of, granted_scopes
from broker.services.core import Core
from broker.services.history import audit
from broker.services.rate_limits import RateLimits
from broker.storage.oauth import device_codes, grants

ALPHABET = "BCDFGHJKLMNPQRSTVWXZ"  # RFC 8628 6.1: no vowels, so no words; 20 letters, 8 of them: 34 bits for ten minutes
LETTERS = 8
REQUESTS = 300  # of one application from one address in an hour (HT-13)
GUESSES = 30  # of one address in TEN_MINUTES (RFC 8628 5.1): a person needs two, and a company has one address
TEN_MINUTES = 10 * MINUTE
RETURN_PATH = "/device/done"


class DeviceRequests:
    """From the request of a device to the grant of the person's sign-in."""

    def __init__(self, core: Core, applications: Callable[[str], ApplicationView | None], rate_limits: RateLimits) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._application = applications
        self._rate_limits = rate_limits

    @property
    def return_uri(self) -> str:
        """The redirect_uri of the sign-ins that begin on our page. No browser is sent there with a code: `finish` takes it."""
        return self._settings().issuer.rstrip("/") + RETURN_PATH

    def start(self, application: ApplicationView, form: Mapping[str, str], address: str) -> DeviceAuthorization:
        """The response of the device authorization endpoint (RFC 8628 3.2). Raises OAuthError, TooManyAttempts.

        There is no verification_uri_complete: a person who types the code has it in front of them (5.4).
        """
        if not application.device_grant:
            raise OAuthError("unauthorized_client", "device_grant")
        scopes, now = granted_scopes(form, application), self._clock()
        self._rate_limits.hit(f"device:{application.client_id}:{counted(address)}", limit=REQUESTS, window=HOUR)
        device_code, user_code = new_secret(), "".join(secrets.choice(ALPHABET) for _ in range(LETTERS))
        with self._db.write() as tx:
            device_codes.add(
                tx,
                device_code=device_code,
                user_code=user_code,
                client_id=application.client_id,
                scopes=scopes,
                pause=PAUSE,
                now=now,
                expires_at=now + LIFE,
            )
        base = self._settings().issuer.rstrip("/")
        shown = f"{user_code[:4]}-{user_code[4:]}"
        return DeviceAuthorization(device_code=device_code, user_code=shown, verification_uri=f"{base}/device")

    def application_of(self, typed: str, address: str) -> tuple[str, ApplicationView]:
        """The code in its one form, and the application whose device shows it. Raises Invalid, TooManyAttempts."""
        self._rate_limits.hit(f"device-page:{counted(address)}", limit=GUESSES, window=TEN_MINUTES)
        user_code = _normal(typed)
        with self._db.read() as tx:
            found = device_codes.of_user_code(tx, user_code, self._clock()) if user_code else None
        application = self._application(found.client_id) if found else None
        if application is None or not application.device_grant:
            raise Invalid("no device waits with this code", "device_code_unknown")
        return user_code, application

    def begin(self, typed: str, address: str) -> AuthorizationRequest:
        """The authorization request of a person who continues: judged by the gates like every other one. Raises Invalid.

        The handle is its state, and its code is bound to it, so that only this sign-in answers this device.
        """
        user_code, application = self.application_of(typed, address)
        handle, now = new_secret(), self._clock()
        with self._db.write() as tx:
            found = device_codes.of_user_code(tx, user_code, now)
            if found is None or not device_codes.begin(tx, user_code, handle, now):
                raise Invalid("no device waits with this code", "device_code_unknown")
        return AuthorizationRequest(
            client_id=application.client_id,
            redirect_uri=self.return_uri,
            scopes=application.permitted(found.scopes),
            state=handle,
            code_challenge=challenge_of(handle),
        )

    def refuse(self, typed: str, address: str) -> None:
        """The person did not start this. Raises Invalid."""
        user_code, application = self.application_of(typed, address)
        with self._db.write() as tx:
            if device_codes.deny(tx, self._clock(), user_code=user_code):
                event = Event(name="device.refused", actor=Actor.system(), target=application.client_id)
                audit.record(tx, event, self._clock())

    def finish(self, request: AuthorizationRequest, answer: Mapping[str, str]) -> bool:
        """The sign-in is over: binds its grant to the device, or denies it; True if the device may go on.

        The code is spent here, once (HP-30). Raises BadRequest for a code that is not this sign-in's.
        """
        handle, now = request.state or "", self._clock()
        with self._db.write() as tx:
            if "code" not in answer:
                device_codes.deny(tx, now, handle=handle)
                return False
            spent = grants.take_code(tx, answer["code"], request.client_id, now)
            if spent is None or spent.redirect_uri != request.redirect_uri or spent.challenge != challenge_of(handle):
                raise BadRequest("device_code")
            if not device_codes.allow(tx, handle, spent.grant_id, request.client_id, now):
                grants.end(tx, spent.grant_id, now)  # the device's time is over: nobody may use this grant
                return False
        return True


def _normal(typed: str) -> str:
    """RFC 8628 6.1: case, spaces and punctuation do not matter; "" for what cannot be a code."""
    text = "".join(letter for letter in typed.upper() if letter.isalnum()) if len(typed) <= 40 else ""
    return text if len(text) == LETTERS and set(text) <= set(ALPHABET) else ""
