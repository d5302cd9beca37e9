"""config/policies/POLICY.yaml: conditional access. What cannot be understood is refused, never skipped (PO-01)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from pydantic import Field

from broker.settings.errors import Problem
from broker.settings.values import AllOrEmails, AllOrIds, Duration, Listed, NamedFile, Network, Section, Text


class People(Section):
    """A set of people; somebody belongs to it who is named by any of its keys."""

    guests: AllOrEmails = Field(default=(), description="all, or the addresses of guests.")
    groups: Listed[Text] = Field(default=(), description="Names of our groups.")
    partners: Listed[Text] = Field(default=(), description="Ids of partners.")
    members: bool = Field(default=False, description="The company's own staff.")


class Users(Section):
    """Whom the policy is about."""

    include: People = Field(description="At least one key.", examples=["{guests: all}"])
    exclude: People = Field(default_factory=People, description="Goes before include.")


class PolicyApplications(Section):
    """Which applications the policy is about."""

    include: AllOrIds = Field(default="all", description="all, or client ids.")
    exclude: Listed[Text] = Field(default=(), description="Client ids; goes before include.")


class Networks(Section):
    """Where a sign-in comes from."""

    include: Listed[Network] = Field(default=(), description="If given, only sign-ins from these.")
    exclude: Listed[Network] = Field(default=(), description="Not sign-ins from these.")


class Conditions(Section):
    """When the policy is about a sign-in; all must match."""

    networks: Networks = Field(default_factory=Networks, description="Where it comes from.")
    partner_mfa: bool | None = Field(
        default=None, description="Whether a trusted partner already did multi-factor authentication; null: either."
    )


class PolicyGrant(Section):
    """What the policy wants."""

    block: bool = Field(default=False, description="Nobody it is about gets in.")
    require: Listed[Literal["mfa", "phishing_resistant_mfa", "terms_of_use"]] = Field(default=(), description="All must be met.")


class SessionRules(Section):
    """How long a proof lasts."""

    sign_in_frequency: Duration | None = Field(default=None, description="Re-authenticate after this time.")


class PolicyFile(NamedFile):
    """config/policies/POLICY.yaml; the file's name is the policy's id."""

    name: Text = Field(description="The policy in a sentence.", examples=["Payroll asks guests for a second factor"])
    state: Literal["enabled", "report_only", "disabled"] = Field(
        default="enabled", description="report_only: shown in receipts, not applied."
    )
    users: Users = Field(description="Whom it is about.", examples=["{include: {guests: all}}"])
    applications: PolicyApplications = Field(default_factory=PolicyApplications, description="Which applications; left out: all.")
    conditions: Conditions = Field(default_factory=Conditions, description="When; left out: always.")
    grant: PolicyGrant = Field(default_factory=PolicyGrant, description="What the policy requires.")
    session: SessionRules = Field(default_factory=SessionRules, description="How long a proof lasts.")


def shape(raw: Mapping[str, Any]) -> Iterator[Problem]:
    """A policy that says nothing, or twice, is a mistake: its author expects protection."""
    grant, session, users = raw.get("grant"), raw.get("session"), raw.get("users")
    grant = grant if isinstance(grant, dict) else {}
    if grant.get("block") is True and grant.get("require"):
        yield Problem("stands beside block: true, which lets nobody in; keep one of the two", at=("grant", "require"))
    if (
        not grant.get("block")
        and not grant.get("require")
        and not (isinstance(session, dict) and session.get("sign_in_frequency"))
    ):
        message = "asks for nothing; write block: true, require: [mfa], or session: {sign_in_frequency: 4h}"
        yield Problem(message, at=("grant",))
    if isinstance(users, dict) and isinstance(users.get("include"), dict) and not any(users["include"].values()):
        yield Problem(
            "names nobody; write guests: all, or name guests, groups, partners or members: true", at=("users", "include")
        )
    yield from _where(raw.get("applications"))


def _where(applications: Any) -> Iterator[Problem]:
    if not isinstance(applications, dict) or not isinstance(applications.get("include"), list):
        return
    left_out = applications.get("exclude")
    if all(one in (left_out if isinstance(left_out, list) else ()) for one in applications["include"]):
        yield Problem("names no application that is not excluded; write all, or [payroll]", at=("applications", "include"))
