"""Where a group is used: in policies and assignments. A policy does not match through a missing group (PO-01, FC-03)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from broker.domain.assignment import Principal
from broker.domain.group import Group, folded
from broker.settings.policy_file import People, PolicyFile
from broker.storage.directory import assignments, groups
from broker.storage.engine import Connection, asked

INCLUDE, EXCLUDE = "include", "exclude"


@dataclass(frozen=True, slots=True)
class Naming:
    """A place in a policy's file that names a group. alone: it names nobody else. number: the position in the list."""

    policy: str
    side: str
    group: str
    number: int
    alone: bool

    @property
    def effect(self) -> str:
        """The effect on the policy if this group does not exist."""
        if self.side == EXCLUDE:
            return "so it exempts nobody"
        return "so it protects nobody" if self.alone else "so nobody is protected through it"

    @property
    def missing(self) -> str:
        """The warning about a missing group, without the policy's name."""
        return f"names group {self.group!r}, which doesn't exist, {self.effect}"


@dataclass(frozen=True, slots=True)
class Uses:
    """Everything that depends on one group. applications: client ids that it is assigned to, now or later."""

    policies: tuple[Naming, ...]
    applications: tuple[str, ...]
    members: int

    def __bool__(self) -> bool:
        """Whether deleting the group changes anything."""
        return bool(self.policies or self.applications)

    @property
    def named(self) -> str:
        """The policies and assignments that name it, as one text."""
        found = [f"policy {use.policy} (users.{use.side})" for use in self.policies]
        return ", ".join([*found, *(f"the assignment to {name}" for name in self.applications)])

    @property
    def consequences(self) -> tuple[str, ...]:
        """The consequences of deleting it, one sentence each."""
        people = f"{self.members} {'person' if self.members == 1 else 'people'}"
        lost = (f"{people} lose {name}, unless another assignment lets them in" for name in self.applications)
        return (*(f"policy {use.policy} {use.missing}" for use in self.policies), *lost)


def named(files: Mapping[str, PolicyFile]) -> Iterator[Naming]:
    """Every group that a policy names, unless the policy is disabled."""
    for file in files.values():
        if file.state == "disabled":
            continue
        for side, people in ((INCLUDE, file.users.include), (EXCLUDE, file.users.exclude)):
            for number, name in enumerate(people.groups):
                yield Naming(file.id, side, name, number, _alone(people))


def _alone(people: People) -> bool:
    return len(people.groups) == 1 and not (people.guests or people.partners or people.members)


def missing(tx: Connection, files: Mapping[str, PolicyFile]) -> list[Naming]:
    """The groups that policies name and that do not exist; only the database knows, so the files' validation cannot."""
    found = list(named(files))
    known = groups.known(tx, {folded(one.group) for one in found}) if found else set()
    return [one for one in found if folded(one.group) not in known]


def missing_at(database: str, home: Path, files: Mapping[str, PolicyFile]) -> list[Naming]:
    """The same for files that are only checked; [] if the database is unavailable or not created yet."""
    return asked(database, home, lambda tx: missing(tx, files)) or []


def of(tx: Connection, files: Mapping[str, PolicyFile], group: Group, now: int) -> Uses:
    """The current uses of a group."""
    policies = tuple(one for one in named(files) if folded(one.group) == folded(group.name))
    held = assignments.of(tx, Principal.GROUP, group.id)
    applications = tuple(dict.fromkeys(one.application for one in held if one.status(now) != "ended"))
    return Uses(policies, applications, groups.count(tx, group.id))
