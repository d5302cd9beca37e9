"""Subscriptions of applications to changes of people (graph subscription; EV-07 to EV-09)."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from broker.connectors.outbound.client import HttpClient, HttpFailure
from broker.domain.audit import Actor, ActorKind, Event
from broker.domain.errors import Forbidden, Invalid, NotFound
from broker.domain.group import is_uuid
from broker.domain.guest_event import UserChange
from broker.domain.ids import new_id
from broker.domain.subscription import Subscription
from broker.domain.times import HOUR, MINUTE
from broker.keyring.seal import Sealer
from broker.services.authorization import Right, require_everywhere
from broker.services.core import Core
from broker.services.events.subscription_listener import SubscriptionListener, is_listed, may_listen, sealed
from broker.services.history import audit
from broker.services.rate_limits import RateLimits
from broker.settings.application_file import ApplicationFile
from broker.storage.directory import people
from broker.storage.engine import Connection
from broker.storage.history import audit_chain
from broker.storage.operations import subscriptions

SHORTEST, LONGEST = 45 * MINUTE, 41_760 * MINUTE  # seconds (graph subscription: users)
AT_MOST = 20  # live subscriptions of one application
TRIES = 60  # of one application in an hour, since each makes us call somebody
MAX_STATE, MAX_URL = 128, 2048  # characters
_MAX_ANSWER = 4096  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SubscriptionRequest:
    """What an application asks for. lifecycle_url, client_state: "" without one. expires_at: seconds since 1970."""

    resource: str
    changes: frozenset[UserChange]
    notification_url: str
    lifecycle_url: str
    client_state: str
    expires_at: int


class Subscriptions:
    """An application reads, renews and removes its own only; one of another application does not exist for it."""

    def __init__(self, core: Core, sealer: Sealer, rate_limits: RateLimits, http: Callable[[Sequence[str]], HttpClient]) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._sealer = sealer
        self._rate_limits = rate_limits
        self._http = http

    def create(self, actor: Actor, wanted: SubscriptionRequest) -> Subscription:
        """Asks the receiver first whether it wants the notices. Raises Forbidden, Invalid, TooManyAttempts."""
        now = self._clock()
        made = self._checked(actor, wanted, now)
        self._rate_limits.hit(f"subscribe:{actor.id}", limit=TRIES, window=HOUR)
        for url in dict.fromkeys(one for one in (made.notification_url, made.lifecycle_url) if one):
            self._shake_hands(url)
        with self._db.write() as tx:
            audit_chain.lock_anchor(tx)  # two requests at once must not both be the last one that is allowed
            self._permitted(tx, actor, now)
            if subscriptions.count(tx, actor.id, now) >= AT_MOST:
                raise Forbidden(f"an application has at most {AT_MOST} subscriptions; delete one first", "subscription_limit")
            subscriptions.add(tx, made)
            data = {"resource": made.resource, "changes": made.change_types, "expires_at": made.expires_at}
            audit.record(tx, Event(name="subscription.created", actor=actor, target=made.id, data=data), now)
        return made

    def listed(self, actor: Actor) -> tuple[Subscription, ...]:
        """The live subscriptions of this application. Raises Forbidden."""
        now = self._clock()
        with self._db.read() as tx:
            self._permitted(tx, actor, now)
            return tuple(subscriptions.of_application(tx, actor.id, now))

    def show(self, actor: Actor, subscription_id: str) -> Subscription:
        """One of them. Raises Forbidden, NotFound."""
        now = self._clock()
        with self._db.read() as tx:
            self._permitted(tx, actor, now)
            return _present(subscriptions.one(tx, subscription_id, actor.id, now))

    def renew(self, actor: Actor, subscription_id: str, expires_at: int) -> Subscription:
        """Moves its end. Raises Forbidden, Invalid, NotFound."""
        now = self._clock()
        with self._db.write() as tx:
            self._permitted(tx, actor, now)
            held = _present(subscriptions.one(tx, subscription_id, actor.id, now))
            end = _end(expires_at, now)
            if not subscriptions.renew(tx, held.id, actor.id, now, end):
                raise _unknown()
            event = Event(name="subscription.renewed", actor=actor, target=held.id, data={"expires_at": end})
            audit.record(tx, event, now)
            return replace(held, expires_at=end)

    def remove(self, actor: Actor, subscription_id: str) -> None:
        """Ends it: what waits for it is not sent. Raises Forbidden, NotFound."""
        now = self._clock()
        with self._db.write() as tx:
            self._permitted(tx, actor, now)
            if not subscriptions.remove(tx, subscription_id, actor.id, now):
                raise _unknown()
            audit.record(tx, Event(name="subscription.deleted", actor=actor, target=subscription_id), now)

    def listeners(self, tx: Connection) -> list[SubscriptionListener]:
        """Every live subscription whose application may have it now."""
        settings = self._settings()
        found = subscriptions.live(tx, self._clock())
        return [SubscriptionListener(one, settings.issuer, self._sealer) for one in found if may_listen(settings, one)]

    # --- parts

    def _permitted(self, tx: Connection, actor: Actor, now: int) -> ApplicationFile:
        """The application's file. Only applications subscribe."""
        settings = self._settings()
        require_everywhere(tx, settings, actor, Right.SEE_GUESTS, now)
        file = settings.applications.get(actor.id)
        if file is None or actor.kind is not ActorKind.APPLICATION:
            raise Forbidden("only applications have subscriptions", "no_right_subscribe")
        return file

    def _checked(self, actor: Actor, wanted: SubscriptionRequest, now: int) -> Subscription:
        with self._db.read() as tx:
            file = self._permitted(tx, actor, now)
            resource = _resource(tx, wanted.resource)
            if subscriptions.count(tx, actor.id, now) >= AT_MOST:
                raise Forbidden(f"an application has at most {AT_MOST} subscriptions; delete one first", "subscription_limit")
        if not wanted.changes:
            raise Invalid("changeType is empty; write some of created, updated, deleted", "change_type")
        if len(wanted.client_state) > MAX_STATE:
            raise Invalid(f"clientState has more than {MAX_STATE} characters", "client_state")
        for url in (wanted.notification_url, wanted.lifecycle_url):
            _check_url(file, url)
        made_id = new_id()
        return Subscription(
            id=made_id,
            application=file.client_id,
            resource=resource,
            changes=wanted.changes,
            notification_url=wanted.notification_url,
            lifecycle_url=wanted.lifecycle_url,
            client_state=sealed(self._sealer, made_id, wanted.client_state),
            created_at=now,
            expires_at=_end(wanted.expires_at, now),
        )

    def _shake_hands(self, url: str) -> None:
        """The receiver repeats a token that it cannot guess, as plain text (graph notification endpoint validation; EV-08)."""
        token = secrets.token_urlsafe(32)
        asked = f"{url}{'&' if '?' in url else '?'}{urlencode({'validationToken': token})}"
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        try:
            answer = self._http((url,)).post(asked, b"", headers=headers, accept="text/plain", max_bytes=_MAX_ANSWER)
        except HttpFailure as error:
            said = (
                "it is not reachable, or its address is not allowed"
                if error.reason == "url_not_allowed"
                else "it does not answer"
            )
            raise Invalid(f"subscription validation request failed: {said}", "subscription_validation") from error
        kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
        if answer.status != 200 or kind != "text/plain" or answer.body != token.encode():
            raise Invalid(
                "subscription validation request failed: the response must be 200, text/plain, exactly the validationToken",
                "subscription_validation",
            )


def _resource(tx: Connection, text: str) -> str:
    """`users`, or `users/` and the id of a person. Raises Invalid."""
    head, slash, person_id = text.removeprefix("/").partition("/")
    if head.lower() == "users" and not slash:
        return "users"
    if head.lower() != "users" or not is_uuid(person_id):
        raise Invalid("resource is not supported; write users, or users/ID", "subscription_resource")
    if people.by_id(tx, person_id.lower()) is None:
        raise Invalid("resource names nobody: there is no person with this id", "subscription_resource")
    return f"users/{person_id.lower()}"


def _check_url(file: ApplicationFile, url: str) -> None:
    """EV-07: only an origin that the file lists. Raises Forbidden, Invalid."""
    if not url:
        return
    if len(url) > MAX_URL:
        raise Invalid(f"a notification address has at most {MAX_URL} characters", "notification_url")
    if not is_listed(file, url):
        raise Forbidden(
            "this address has none of the origins that the application may notify: "
            f"list it under notification_origins in config/applications/{file.client_id}.yaml",
            "notification_origin",
        )


def _end(expires_at: int, now: int) -> int:
    """Graph's limits: an end that is too near is moved, one that lies in the past or too far off is refused. Raises Invalid."""
    if expires_at <= now:
        raise Invalid("expirationDateTime lies in the past", "subscription_end")
    if expires_at > now + LONGEST:
        raise Invalid(f"expirationDateTime can only be {LONGEST // MINUTE} minutes in the future", "subscription_end")
    return max(expires_at, now + SHORTEST)


def _present(found: Subscription | None) -> Subscription:
    if found is None:
        raise _unknown()
    return found


def _unknown() -> NotFound:
    return NotFound("there is no such subscription", "subscription_unknown")
