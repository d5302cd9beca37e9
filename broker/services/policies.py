"""Policies in force: from the files to what the domain judges by, once a version of the files."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from broker.domain.policy import Net, Policy, Rulebook, Whom
from broker.settings.load import Settings
from broker.settings.policy_file import People, PolicyFile

Name = Callable[[str], str]  # what stands for a guest's address


def policy_of(file: PolicyFile, name: Name = str) -> Policy:
    """One file as the domain knows it. name: what to compare instead of the canonical address (an export has no addresses)."""
    include, exclude = file.applications.include, file.applications.exclude
    return Policy(
        id=file.id,
        state=file.state,
        include=_whom(file.users.include, name),
        exclude=_whom(file.users.exclude, name),
        applications=None if include == "all" else frozenset(include),
        but_applications=frozenset(exclude),
        networks=tuple(Net.of(text) for text in file.conditions.networks.include),
        but_networks=tuple(Net.of(text) for text in file.conditions.networks.exclude),
        partner_mfa=file.conditions.partner_mfa,
        block=file.grant.block,
        require=frozenset(file.grant.require),
        sign_in_frequency=file.session.sign_in_frequency,
    )


def _whom(people: People, name: Name) -> Whom:
    named = people.guests != "all"
    return Whom(
        all_guests=not named,
        guests=frozenset(map(name, people.guests)) if named else frozenset(),
        groups=frozenset(people.groups),
        partners=frozenset(people.partners),
        members=people.members,
    )


def rulebook(files: Mapping[str, PolicyFile], name: Name = str) -> Rulebook:
    """All files, made ready."""
    return Rulebook.of(policy_of(file, name) for file in files.values())


class InForce:
    """The rulebook of the settings in force, made once a version of them."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._held: tuple[Settings, Rulebook] | None = None

    def __call__(self) -> Rulebook:
        """The policies to judge by now."""
        settings, held = self._settings(), self._held
        if held is None or held[0] is not settings:
            held = self._held = (settings, rulebook(settings.policies))
        return held[1]
