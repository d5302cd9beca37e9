"""Records with plain values: a test names only what it is about."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from broker.domain.assignment import Assignment, Principal
from broker.domain.factor import Factor, Method
from broker.domain.facts import RECORDED, Facts
from broker.domain.group import Group
from broker.domain.guest import GuestState, Identity, Person, PersonKind
from broker.domain.ids import digest, new_id, new_reference
from broker.domain.invitation import Invitation, Status
from broker.domain.login import Grant, Login, LoginPurpose, Session, Stage
from broker.domain.question import Question, QuestionKind
from broker.domain.receipt import Outcome, Receipt
from broker.domain.times import Clock
from broker.services.core import Core
from broker.settings.load import Settings
from broker.storage.directory import people
from broker.storage.engine import Database
from tests.clock import START


def core(database: Database, clock: Clock) -> Core:
    """For a service that reads no configuration."""

    def settings() -> Settings:
        raise AssertionError("this service reads no configuration")

    return Core(database, clock, settings)


def person(**values: Any) -> Person:
    """An active guest of fabrikam."""
    number = new_id()
    plain = {
        "id": number,
        "kind": PersonKind.GUEST,
        "state": GuestState.ACTIVE,
        "email": f"guest-{number[:8]}@fabrikam.example",
        "email_verified": True,
        "name": "Gerda Guest",
        "language": "en",
        "partner": "fabrikam",
        "sponsor": "alice@contoso.example",
        "created_at": START,
    }
    return Person(**{**plain, **values})


def saved_person(tx: Connection, **values: Any) -> Person:
    """The same, in the database."""
    made = person(**values)
    people.add(tx, made)
    return made


def identity(person_id: str, **values: Any) -> Identity:
    """What fabrikam's provider calls that person."""
    plain = {
        "partner": "fabrikam",
        "issuer": "https://login.fabrikam.example",
        "subject": f"subject-{person_id}",
        "bound_at": START,
    }
    return Identity(**{**plain, "person_id": person_id, **values})


def invitation(person_id: str, **values: Any) -> Invitation:
    """A pending invitation to the payroll application, for 30 days."""
    plain = {
        "id": new_id(),
        "email": "guest@fabrikam.example",
        "status": Status.PENDING,
        "redirect_url": "https://payroll.contoso.example/",
        "application": "payroll",
        "language": "en",
        "message": "",
        "inviter": "alice@contoso.example",
        "created_at": START,
        "expires_at": START + 30 * 86_400,
    }
    return Invitation(**{**plain, "person_id": person_id, **values})


def question(person_id: str, **values: Any) -> Question:
    """Whether an access may go on, asked of the sponsor, open for 14 days."""
    plain = {
        "id": new_id(),
        "kind": QuestionKind.RENEW,
        "asked": "alice@contoso.example",
        "data": {"ends_at": START + 14 * 86_400, "until_at": START + 44 * 86_400},
        "created_at": START,
        "expires_at": START + 14 * 86_400,
    }
    return Question(**{**plain, "person_id": person_id, **values})


def login(**values: Any) -> Login:
    """An open login for the access panel, begun now."""
    plain = {
        "id": new_id(),
        "reference": new_reference(),
        "purpose": LoginPurpose.PANEL,
        "stage": Stage.OPEN,
        "created_at": START,
        "expires_at": START + 3600,
    }
    return Login(**{**plain, **values})


def session(person_id: str, **values: Any) -> Session:
    """A session begun now, for twelve hours."""
    plain = {
        "sid": new_id(),
        "partner": "fabrikam",
        "issuer": "https://login.fabrikam.example",
        "acr": "https://refeds.org/profile/sfa",
        "amr": ("pwd",),
        "auth_time": START,
        "auth_time_known": True,
        "claims": {},
        "created_at": START,
        "last_seen_at": START,
        "expires_at": START + 12 * 3600,
    }
    return Session(**{**plain, "person_id": person_id, **values})


def grant(person_id: str, **values: Any) -> Grant:
    """A grant to the payroll application."""
    plain = {
        "id": new_id(),
        "sid": new_id(),
        "client_id": "payroll",
        "sub": digest(person_id)[:32],
        "scopes": ("openid", "profile", "email"),
        "claims": {},
        "requested": {},
        "acr": "https://refeds.org/profile/sfa",
        "amr": ("pwd",),
        "auth_time": START,
        "idp": "fabrikam",
        "nonce": None,
        "address": "192.0.2.1",
        "created_at": START,
    }
    return Grant(**{**plain, "person_id": person_id, **values})


def factor(person_id: str, **values: Any) -> Factor:
    """An authenticator app added now; its seed is not a real one."""
    plain = {"id": new_id(), "method": Method.TOTP, "name": "", "created_at": START, "sealed": "s1.sealed"}
    return Factor(**{**plain, "person_id": person_id, **values})


def receipt(**values: Any) -> Receipt:
    """An allowed sign-in of nobody in particular."""
    plain = {"id": new_id(), "request_id": new_reference(), "at": START, "outcome": Outcome.ALLOWED, "application": "payroll"}
    return Receipt(**{**plain, **values})


def facts(before: Facts | None = None, /, **named: Any) -> Facts:
    """Facts that differ from others, or from those of nothing at all, by what is named as in a receipt."""
    made = before or Facts(now=START)
    for name, value in named.items():
        part, field = RECORDED.get(name, ("", name))
        made = replace(made, **{part: replace(getattr(made, part), **{field: value})} if part else {field: value})
    return made


def group(**values: Any) -> Group:
    """A group whose members are kept by hand."""
    number = new_id()
    return Group(**{"id": number, "name": f"Group {number[:8]}", "created_at": START, **values})


def assignment(principal: Principal = Principal.PERSON, **values: Any) -> Assignment:
    """Plain access to the payroll application, from now on."""
    plain = {"id": new_id(), "holder": new_id(), "name": "", "application": "payroll", "role": "", "starts_at": START}
    return Assignment(principal=principal, **{**plain, **values})
