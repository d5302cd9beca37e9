"""What a group's rule would do: evaluated with what each person's home organization asserted last, before anything changes.

It is a forecast: the rule itself is evaluated at each sign-in, with the assertion of that sign-in.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from broker.domain import group_rule
from broker.domain.audit import Actor
from broker.domain.group import Group
from broker.domain.group_rule import Rule
from broker.domain.guest import GuestState, Person
from broker.services import authorization
from broker.services.core import Core
from broker.services.lookup import group_seen
from broker.storage.directory import groups, guest_pages, people
from broker.storage.directory.guest_pages import GuestFilter
from broker.storage.engine import Connection

LOOKED_AT = 5000  # people; a preview of a larger partner covers the first of them
SHOWN = 50  # people whom the rule changes, by name
_PAGE = 500


class RuleEffect(StrEnum):
    """What the rule would do to one person."""

    JOIN = "join"
    LEAVE = "leave"


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleChange:
    """One person whom the rule changes. because: what decided, names of attributes only (HT-19)."""

    person_id: str
    email: str
    name: str
    effect: RuleEffect
    because: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RulePreview:
    """How many stay, join and leave, and some of those who change. is_whole: everybody whom the rule could match was looked at."""

    rule: str
    stay: int
    join: int
    leave: int
    looked_at: int
    is_whole: bool
    changes: tuple[RuleChange, ...]


class RulePreviews:
    """Shows owners and administrators whom a rule matches."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def of(self, actor: Actor, name: str, rule: str | None = None) -> RulePreview:
        """The effect of a rule on a group; None: of its own rule. Raises NotFound, Invalid (the rule, with its column)."""
        now = self._clock()
        with self._db.read() as tx:
            rights = authorization.rights_of_staff(tx, self._settings(), actor, now)
            group = group_seen(tx, rights, name)
            text = group.rule or "" if rule is None else rule.strip()
            return _preview(tx, group, text, group_rule.parse(text))


def _preview(tx: Connection, group: Group, text: str, rule: Rule) -> RulePreview:
    partner = group_rule.partner_of(rule)
    members = {row[0] for row in groups.members(tx, group.id, after="", limit=LOOKED_AT + 1)}
    is_whole, counted = len(members) <= LOOKED_AT, {"stay": 0, "join": 0, "leave": 0}
    changes: list[RuleChange] = []
    looked: set[str] = set()
    for person in _candidates(tx, partner):
        if len(looked) >= LOOKED_AT:
            is_whole = False
            break
        looked.add(person.id)
        _count(person, rule, inside=person.id in members, counted=counted, changes=changes)
    for person in people.by_ids(tx, members - looked).values():  # members of other partners
        _count(person, rule, inside=True, counted=counted, changes=changes)
    return RulePreview(
        rule=text,
        stay=counted["stay"],
        join=counted["join"],
        leave=counted["leave"],
        looked_at=len(looked | members),
        is_whole=is_whole,
        changes=tuple(sorted(changes, key=lambda one: (one.effect, one.email))),
    )


def _candidates(tx: Connection, partner: str) -> Iterator[Person]:
    """Everybody of a partner, or of all; members of staff too: rules match them as well."""
    after = ""
    while True:
        some = guest_pages.page(tx, GuestFilter(kind=None, partner=partner or None), after=after, limit=_PAGE)
        yield from (person for person in some if person.state is not GuestState.DELETED)
        if len(some) < _PAGE:
            return
        after = some[-1].email


def _count(person: Person, rule: Rule, *, inside: bool, counted: dict[str, int], changes: list[RuleChange]) -> None:
    claims: Mapping[str, object] = person.profile
    verdict = group_rule.judge(rule, person.partner or "", claims)
    if verdict.matched == inside:
        counted["stay"] += inside
        return
    effect = RuleEffect.JOIN if verdict.matched else RuleEffect.LEAVE
    counted[effect.value] += 1
    if len(changes) < SHOWN:
        changes.append(
            RuleChange(person_id=person.id, email=person.email, name=person.name, effect=effect, because=verdict.because)
        )
