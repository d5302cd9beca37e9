"""Policies and partners' trust as programs read them. They live in files; nothing here changes anything."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from broker.domain.audit import Actor
from broker.domain.ids import file_id
from broker.services.authorization import Right, require_everywhere
from broker.services.core import Core
from broker.settings.policy_file import People, PolicyFile
from broker.storage.directory import people


@dataclass(frozen=True, slots=True, kw_only=True)
class PeopleEntry:
    """Whom a policy names. guests: ids of those who are known. groups: names. partners: ids, which are the names of their files."""

    all_guests: bool
    guests: tuple[str, ...]
    groups: tuple[str, ...]
    partners: tuple[str, ...]
    members: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyEntry:
    """A policy of conditional access. id: its stable UUID. file: below the home. include_applications: None: all.

    sign_in_frequency: seconds.
    """

    id: str
    name: str
    file: str
    state: str
    include: PeopleEntry
    exclude: PeopleEntry
    include_applications: tuple[str, ...] | None
    exclude_applications: tuple[str, ...]
    include_networks: tuple[str, ...]
    exclude_networks: tuple[str, ...]
    partner_mfa: bool | None
    block: bool
    require: tuple[str, ...]
    sign_in_frequency: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustEntry:
    """What we believe of a partner. id: the name of its file. trusts_mfa: whether `trust.mfa` lists a value."""

    id: str
    file: str
    trusts_mfa: bool


class FilePolicies:
    """Reads only. A program needs the right to see policies, and partners."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def conditional(self, actor: Actor) -> tuple[PolicyEntry, ...]:
        """Every policy, by the name of its file. Raises Forbidden."""
        settings = self._settings()
        files = [file for _, file in sorted(settings.policies.items())]
        with self._db.read() as tx:
            require_everywhere(tx, settings, actor, Right.SEE_POLICIES, self._clock())
            known = {one.email: one.id for one in people.by_emails(tx, _addresses(files))}
        return tuple(_policy(settings.issuer, file, known) for file in files)

    def trust(self, actor: Actor) -> tuple[TrustEntry, ...]:
        """Every partner whose people are guests, by the name of its file. Raises Forbidden."""
        settings = self._settings()
        with self._db.read() as tx:
            require_everywhere(tx, settings, actor, Right.SEE_PARTNERS, self._clock())
        return tuple(
            TrustEntry(id=name, file=f"config/partners/{name}.yaml", trusts_mfa=bool(file.trust.mfa))
            for name, file in sorted(settings.partners.items())
            if not file.members
        )

    def has_mail_codes(self, actor: Actor) -> bool:
        """Whether a guest without a partner signs in with a code by e-mail. Raises Forbidden."""
        settings = self._settings()
        with self._db.read() as tx:
            require_everywhere(tx, settings, actor, Right.SEE_POLICIES, self._clock())
        return settings.broker.guests.email_one_time_code


def _addresses(files: Iterable[PolicyFile]) -> set[str]:
    both = [side for file in files for side in (file.users.include, file.users.exclude)]
    return {address for side in both if side.guests != "all" for address in side.guests}


def _policy(issuer: str, file: PolicyFile, known: Mapping[str, str]) -> PolicyEntry:
    include = file.applications.include
    networks = file.conditions.networks
    return PolicyEntry(
        id=file_id(issuer, "policy", file.id),
        name=file.name,
        file=f"config/policies/{file.id}.yaml",
        state=file.state,
        include=_people(file.users.include, known),
        exclude=_people(file.users.exclude, known),
        include_applications=None if include == "all" else tuple(include),
        exclude_applications=tuple(file.applications.exclude),
        include_networks=tuple(map(str, networks.include)),
        exclude_networks=tuple(map(str, networks.exclude)),
        partner_mfa=file.conditions.partner_mfa,
        block=file.grant.block,
        require=tuple(file.grant.require),
        sign_in_frequency=file.session.sign_in_frequency,
    )


def _people(side: People, known: Mapping[str, str]) -> PeopleEntry:
    return PeopleEntry(
        all_guests=side.guests == "all",
        guests=() if side.guests == "all" else tuple(known[one] for one in side.guests if one in known),
        groups=tuple(side.groups),
        partners=tuple(side.partners),
        members=side.members,
    )
