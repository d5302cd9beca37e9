"""Set-up links: an administrator makes, sends and revokes them; their holders look at what they open."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from broker.domain.audit import Actor, Event
from broker.domain.errors import BadRequest, Conflict, Invalid, NotFound
from broker.domain.ids import digest, new_id, new_secret
from broker.domain.mail import Mail, MailKind
from broker.domain.setup_link import LONGEST, USUAL, SetupLink, SetupState
from broker.domain.times import DAY
from broker.services.addresses import parse
from broker.services.authorization import Right, require
from broker.services.core import Core
from broker.services.history import audit
from broker.services.messages.outbox import Outbox
from broker.settings import names, sources
from broker.settings.errors import Wrong
from broker.storage.engine import Connection
from broker.storage.partners import setup_links

PAGE = "/setup"
UNKNOWN = "setup_link"  # the reason of a refusal, whatever is wrong with a link


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupLinkWish:
    """What an administrator asks for. domains: mail domains, as written. private: see `SetupLink`."""

    partner: str
    name: str
    domains: Sequence[str] = ()
    language: str = ""
    email: str = ""
    days: int = USUAL
    private: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SetupLinkView:
    """A link, for staff. in_force: a file of this partner is there already."""

    link: SetupLink
    state: SetupState
    in_force: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MadeSetupLink:
    """A new link. url: with the ticket, which is nowhere else."""

    link: SetupLink
    url: str


class SetupLinks:
    """Tickets are random, stored as hashes, good until their day, and can be revoked."""

    def __init__(self, core: Core, outbox: Outbox) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._outbox = outbox

    def create(self, actor: Actor, wish: SetupLinkWish) -> MadeSetupLink:
        """A new link, sent if the wish has an address. Raises Forbidden, Invalid."""
        now, ticket, settings = self._clock(), new_secret(), self._settings()
        with self._db.write() as tx:
            require(tx, settings, actor, Right.KEEP_PARTNERS, now)
            link = _checked(wish, settings.broker.languages, now)
            setup_links.add(tx, link, digest(ticket))
            url = f"{settings.issuer}{PAGE}/{ticket}"
            if link.email:
                values = {"partner": link.name, "url": url, "until": link.expires_at}
                mail = Mail(kind=MailKind.SETUP_LINK, recipient=link.email, language=link.language, values=values)
                self._outbox.add(tx, mail, now)
            data = {"partner": link.partner, "expires_at": link.expires_at, "sent": bool(link.email), "private": link.private}
            audit.record(tx, Event(name="setup_link.created", actor=actor, target=link.id, data=data), now)
        return MadeSetupLink(link=link, url=url)

    def listed(self, actor: Actor, *, before: tuple[int, str] | None = None, limit: int) -> list[SetupLinkView]:
        """Links, the newest first, behind the (created_at, id) `before`. Raises Forbidden."""
        now, settings = self._clock(), self._settings()
        with self._db.read() as tx:
            require(tx, settings, actor, Right.SEE_PARTNERS, now)
            return [self._view(link, now) for link in setup_links.page(tx, before=before, limit=limit)]

    def show(self, actor: Actor, link_id: str) -> SetupLinkView:
        """One link. Raises Forbidden, NotFound."""
        now, settings = self._clock(), self._settings()
        with self._db.read() as tx:
            require(tx, settings, actor, Right.SEE_PARTNERS, now)
            return self._view(_there(tx, link_id), now)

    def revoke(self, actor: Actor, link_id: str, reason: str = "") -> None:
        """The link opens nothing any more. Raises Forbidden, NotFound, Conflict where it opened nothing before."""
        now, settings = self._clock(), self._settings()
        with self._db.write() as tx:
            require(tx, settings, actor, Right.KEEP_PARTNERS, now)
            link = _there(tx, link_id)
            if not setup_links.revoke(tx, link_id, now):
                raise Conflict("the link opens nothing any more", "setup_link_over")
            data = {"partner": link.partner}
            audit.record(tx, Event(name="setup_link.revoked", actor=actor, target=link.id, reason=reason, data=data), now)

    def look(self, ticket: str) -> SetupLink:
        """The link of a ticket: opening the page changes nothing. Raises BadRequest, the same for every link that opens nothing."""
        with self._db.read() as tx:
            link = setup_links.living(tx, digest(ticket), self._clock())
        if link is None:
            raise BadRequest(UNKNOWN)
        return link

    def undecided(self, ticket: str) -> SetupLink:
        """The same, before the decision: after it the link informs, and nobody is called for its holder (SL-15). Raises BadRequest."""
        link = self.look(ticket)
        if link.decision is not None:
            raise BadRequest(UNKNOWN, "decided about")
        return link

    def _view(self, link: SetupLink, now: int) -> SetupLinkView:
        return SetupLinkView(link=link, state=link.state(now), in_force=link.partner in self._settings().partners)


def _there(tx: Connection, link_id: str) -> SetupLink:
    link = setup_links.by_id(tx, link_id)
    if link is None:
        raise NotFound("there is no such set-up link", "setup_link_unknown")
    return link


def _checked(wish: SetupLinkWish, languages: Sequence[str], now: int) -> SetupLink:
    """The link of a wish. Raises Invalid."""
    if sources.name_problem("partner", wish.partner):
        raise Invalid("the partner's id is no name of a file", "partner_invalid")
    if not 1 <= wish.days <= LONGEST:
        raise Invalid(f"a link is good for 1 to {LONGEST} days", "days_invalid")
    if wish.language not in (*languages, ""):
        raise Invalid(f"language is not one of {', '.join(languages)}", "language_unknown")
    try:
        name = names.text(wish.name)
    except Wrong as error:
        raise Invalid("the name is empty, too long or not one line", "name_invalid") from error
    try:
        domains = tuple(dict.fromkeys(names.domain(one) for one in wish.domains))
    except Wrong as error:
        raise Invalid("a domain is no mail domain", "domain_invalid") from error
    return SetupLink(
        id=new_id(),
        partner=wish.partner,
        name=name,
        domains=domains,
        language=wish.language or languages[0],
        email=parse(wish.email) if wish.email else "",
        private=wish.private,
        created_at=now,
        expires_at=now + wish.days * DAY,
    )
