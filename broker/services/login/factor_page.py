"""The page that asks for a factor or adds one, and the sealed seed and challenge that the login keeps for its answer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from broker.domain.factor import Factor
from broker.domain.guest import Person
from broker.domain.ids import new_id
from broker.domain.login import Login, OwnPageIntent
from broker.domain.next_step import How, Next, Step
from broker.factors import passkey, totp
from broker.keyring.seal import Sealer
from broker.services.login.context import LoginContext
from broker.settings.load import Settings
from broker.storage.engine import Connection
from broker.storage.login import logins


@dataclass(frozen=True, slots=True, kw_only=True)
class FactorPage:
    """The values of the page. next: the gates' answer. held: the person's factors. codes_left: unused recovery codes.

    secret, link: of an authenticator app that is being added. options: for the browser's passkey call, as JSON.
    """

    found: LoginContext
    person: Person
    next: Next
    held: tuple[Factor, ...]
    codes_left: int
    secret: str
    link: str
    options: dict[str, Any]

    @property
    def enrolling(self) -> bool:
        """Whether a method is being added, not asked for."""
        return self.next.step is Step.ENROLL


def task_of(sealer: Sealer, login: Login) -> dict[str, str]:
    """Id, secret and challenge of the factor that is being added or used; {} without one."""
    if login.task is None:
        return {}
    task: dict[str, str] = json.loads(sealer.open(login.task, f"task:{login.id}"))
    return task


def first_task(tx: Connection, sealer: Sealer, login: Login) -> dict[str, str]:
    """A new seed and challenge, or those of another tab that was faster; {} if the login has ended."""
    task = {"id": new_id(), "secret": totp.new_secret(), "challenge": passkey.new_challenge()}
    if logins.set_task(tx, login, sealer.seal(json.dumps(task).encode(), f"task:{login.id}")):
        return task
    now = logins.by_id(tx, login.id)
    return task_of(sealer, now) if now is not None else {}


def described(
    settings: Settings,
    found: LoginContext,
    person: Person,
    following: Next,
    held: tuple[Factor, ...],
    left: int,
    task: dict[str, str],
) -> FactorPage:
    """Builds the values of the page. left: unused recovery codes."""
    company, challenge, verify = settings.broker.organization.name, task["challenge"], following.how is How.PASSKEY
    if following.step is Step.CHALLENGE:
        options = passkey.request(settings.issuer, challenge=challenge, held=_usable(held, verify=verify), verify=verify)
    else:
        options = passkey.creation(
            settings.issuer, challenge=challenge, company=company, person_id=person.id, account=person.email,
            name=person.name, held=held, verify=must_verify(found.login, following),
            discoverable=found.login.own_page_intent == OwnPageIntent.OFFER,
        )  # fmt: skip
    link = totp.link(task["secret"], account=person.email, company=company)
    return FactorPage(
        found=found, person=person, next=following, held=held, codes_left=left, secret=task["secret"], link=link, options=options
    )


def must_verify(login: Login, following: Next) -> bool:
    """Whether the passkey that is being added must verify its user. One that a person adds on their own page may be a second step only."""
    return following.how is How.PASSKEY and login.own_page_intent != OwnPageIntent.PASSKEY


def _usable(held: Iterable[Factor], *, verify: bool) -> list[Factor]:
    return [factor for factor in held if factor.credential is not None and (factor.verified or not verify)]
