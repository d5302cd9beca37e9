"""What a partner's IT enters behind its link: judged and examined as the partner's file would be, then kept, and in force nowhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from broker.connectors.registry import FAMILIES
from broker.domain.audit import Actor, Event
from broker.domain.errors import BadRequest
from broker.domain.setup_link import SetupAnswer, SetupLink, SetupTrial
from broker.domain.times import HOUR
from broker.keyring.seal import Sealer
from broker.services.core import Core
from broker.services.doctor.finding import Finding
from broker.services.history import audit
from broker.services.keys.ring import Keys
from broker.services.partner_setup.drafts import REFERENCE
from broker.services.partner_setup.links import UNKNOWN, SetupLinks
from broker.services.partner_setup.sandbox import METADATA_KEY, SECRET_KEY, Families, sandbox
from broker.services.rate_limits import RateLimits
from broker.settings import urls
from broker.settings.errors import Wrong
from broker.storage.partners import setup_links

DOCUMENT = 256 * 1024  # characters of metadata that is pasted
LINE = 2000  # characters of every other value
DOMAINS = 50
_CLASH = "cannot be used here; ask the person who sent you the link"  # who the other partners are is no stranger's business
SAVES = 30  # an hour and link: each visits the partner's provider


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionWish:
    """The form. secret "": the one that was entered before stays, if everything else of the section does."""

    section: str
    metadata_url: str = ""
    metadata: str = field(default="", repr=False)
    entity_id: str = ""
    issuer: str = ""
    client_id: str = ""
    secret: str = field(default="", repr=False)
    domains: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why something was not kept. key: of the file, as `oidc.issuer`. change: what to do, "" where the message says it."""

    key: str
    message: str
    change: str = ""


class Connections:
    """The holder of a ticket enters values and hands them over. Each refusal keeps what was there before."""

    def __init__(
        self, core: Core, links: SetupLinks, keys: Keys, families: Families, sealer: Sealer, rate_limits: RateLimits
    ) -> None:
        """families: constructs the services of partners on a copy of the settings."""
        self._families = families
        self._core = core
        self._db = core.db
        self._clock = core.clock
        self._links = links
        self._keys = keys
        self._sealer = sealer
        self._rate_limits = rate_limits

    def of(self, link: SetupLink) -> SetupAnswer | None:
        """What was entered behind a link that `SetupLinks.look` found."""
        with self._db.read() as tx:
            return setup_links.answer_of(tx, link.id)

    def trial_of(self, link: SetupLink) -> SetupTrial | None:
        """What came of the last trial sign-in."""
        with self._db.read() as tx:
            return setup_links.trial_of(tx, link.id)

    def save(self, ticket: str, wish: ConnectionWish, address: str) -> tuple[Trouble, ...]:
        """Judge, visit and keep; nothing is kept where there is trouble. Raises BadRequest, TooManyAttempts."""
        link = self._links.undecided(ticket)
        self._rate_limits.hit(f"setup_save:{link.id}", limit=SAVES, window=HOUR)
        trouble = tuple(_unreadable(wish))
        if trouble:
            return trouble
        answer, secret = self._answer(link, wish)
        with sandbox(self._core, self._keys, self._families, link, answer, secret) as tried:
            if tried.judged.errors:
                return tuple(
                    Trouble(one.key, _CLASH if one in tried.judged.clashes else one.message) for one in tried.judged.errors
                )
            found = tried.visit()
        if any(one.check == "reachable" for one in found):
            return tuple(Trouble(_source(wish), one.seen, one.change) for one in found if one.check == "reachable")
        self._keep(link, replace(answer, findings=tuple(told(one) for one in found)), address)
        return ()

    def finish(self, ticket: str, address: str) -> bool:
        """Hand over what was entered; False if there is nothing, or it was handed over before. Raises BadRequest."""
        link, now = self._links.look(ticket), self._clock()
        with self._db.write() as tx:
            if not setup_links.finish(tx, link.id, now):
                return False
            data = {"partner": link.partner}
            actor = Actor.person(address=address)
            audit.record(tx, Event(name="setup_link.finished", actor=actor, target=link.id, data=data), now)
        return True

    def _answer(self, link: SetupLink, wish: ConnectionWish) -> tuple[SetupAnswer, str]:
        """The answer with its secret sealed, and the secret in clear, for this visit alone."""
        values = {
            "saml": {METADATA_KEY: wish.metadata_url, "entity_id": wish.entity_id},
            "oidc": {"issuer": wish.issuer, "client_id": wish.client_id},
        }[wish.section]
        keys = {key: value for key, value in values.items() if value}
        before, secret = self.of(link), wish.secret if SECRET_KEY in _OF[wish.section] else ""
        kept = not secret and before is not None and before.section == wish.section and dict(before.keys) == keys
        if kept and before is not None and before.secret is not None:
            secret = self._sealer.open(before.secret, purpose(link)).decode()
        sealed = self._sealer.seal(secret.encode(), purpose(link)) if secret else None
        domains = tuple(dict.fromkeys(wish.domains))
        document = wish.metadata if METADATA_KEY in _OF[wish.section] and wish.metadata.strip() else None
        return SetupAnswer(section=wish.section, keys=keys, domains=domains, metadata=document, secret=sealed), secret

    def _keep(self, link: SetupLink, answer: SetupAnswer, address: str) -> None:
        now = self._clock()
        with self._db.write() as tx:
            if not setup_links.answer(tx, link.id, answer, now):
                raise BadRequest(UNKNOWN, "revoked, over or decided about meanwhile")
            data: dict[str, object] = {"partner": link.partner, "section": answer.section, "domains": list(answer.domains)}
            actor = Actor.person(address=address)
            audit.record(tx, Event(name="setup_link.answered", actor=actor, target=link.id, data=data), now)


_OF = {"saml": {METADATA_KEY}, "oidc": {SECRET_KEY}}  # section -> its keys whose values stand elsewhere


def purpose(link: SetupLink) -> str:
    """What the secret of a link is sealed for."""
    return f"setup_link:{link.id}"


def _source(wish: ConnectionWish) -> str:
    return "saml.metadata" if METADATA_KEY in _OF[wish.section] else "oidc.issuer"


def _unreadable(wish: ConnectionWish) -> list[Trouble]:
    """What is refused before anything is read, opened or called."""
    if wish.section not in FAMILIES:
        return [Trouble("section", "is not known here; choose one")]
    texts = {
        "saml.metadata": wish.metadata_url, "saml.entity_id": wish.entity_id, "oidc.issuer": wish.issuer, "oidc.client_id": wish.client_id,
        "oidc.client_secret": wish.secret, "domains": " ".join(wish.domains),
    }  # fmt: skip
    found = [Trouble(key, "is too long") for key, text in texts.items() if len(text) > LINE]
    found += [Trouble(key, "holds ${, which no value of yours needs") for key, text in texts.items() if REFERENCE in text]
    if len(wish.domains) > DOMAINS:
        found.append(Trouble("domains", f"are more than {DOMAINS}"))
    if len(wish.metadata) > DOCUMENT:
        found.append(Trouble("saml.metadata", "is longer than 262,144 characters; give its address, or the one entity alone"))
    if METADATA_KEY in _OF[wish.section]:
        if bool(wish.metadata_url) == bool(wish.metadata.strip()):
            found.append(Trouble("saml.metadata", "give its address or its text, one of the two"))
        try:
            if wish.metadata_url:
                urls.outbound(wish.metadata_url)  # a word that is no address would name a file of ours
        except Wrong:
            found.append(Trouble("saml.metadata", "is no address; write https://HOST/PATH"))
    return found


def told(one: Finding) -> dict[str, str]:
    """For the row: words alone."""
    return {
        "level": one.level.value,
        "check": one.check,
        "seen": one.seen,
        "expected": one.expected,
        "side": one.side.value if one.side else "",
        "change": one.change,
    }
