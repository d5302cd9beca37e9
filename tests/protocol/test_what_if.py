"""What-if equals what happens: generated policies and people, through the command's use-case and the dispatcher."""

from __future__ import annotations

import json
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.domain.assurance import MFA, PHISHING_RESISTANT, SFA
from broker.domain.audit import Actor
from broker.domain.errors import Invalid, NotFound
from broker.domain.guest import GuestState, PersonKind
from broker.storage.directory import consents, people
from tests.protocol.stage import ALL_SCOPES, Signed, Stage, sent_to


def _says_something(file: dict[str, Any]) -> bool:
    """Whether the file's reader takes it: a policy that asks for nothing, or is about no application, is a mistake."""
    where = file.get("applications", {})
    is_somewhere = where.get("include", "all") == "all" or not set(where["include"]) <= set(where.get("exclude", []))
    return is_somewhere and bool(file["grant"].get("block") or file["grant"].get("require") or "session" in file)


ACTOR = Actor.command()
GUESTS = "name: x\nusers: {include: {guests: all}}\n"
BLOCK = GUESTS + "grant: {block: true}\n"
WHO = {
    "ada@fabrikam.example": PersonKind.GUEST,
    "bo@fabrikam.example": PersonKind.GUEST,
    "cleo@contoso.example": PersonKind.MEMBER,
}
NETWORKS = ["192.0.2.0/24", "198.51.100.7", "2001:db8::/32", "0.0.0.0/0", "::ffff:192.0.2.0/120"]
ADDRESSES = ["192.0.2.7", "198.51.100.7", "203.0.113.1", "2001:db8::5", "::ffff:192.0.2.9"]
NAMED = st.just("all") | st.lists(st.sampled_from(sorted(WHO)), max_size=2)
PEOPLE = st.fixed_dictionaries(
    {}, optional={"guests": NAMED, "members": st.booleans(), "partners": st.just(["fabrikam"]), "groups": st.just(["x"])}
)
GRANT = st.just({"block": True}) | st.fixed_dictionaries(
    {"require": st.lists(st.sampled_from(["mfa", "phishing_resistant_mfa", "terms_of_use"]), unique=True)}
)
NETS = st.lists(st.sampled_from(NETWORKS), max_size=2)
FILE: st.SearchStrategy[Any] = st.fixed_dictionaries(
    {
        "name": st.just("generated"),
        "state": st.sampled_from(["enabled", "enabled", "report_only", "disabled"]),
        "users": st.fixed_dictionaries({"include": PEOPLE.filter(lambda who: any(who.values())), "exclude": PEOPLE}),
        "grant": GRANT,
        "conditions": st.fixed_dictionaries(
            {"networks": st.fixed_dictionaries({"include": NETS, "exclude": NETS}), "partner_mfa": st.none() | st.booleans()}
        ),
    },
    optional={
        "applications": st.fixed_dictionaries(
            {"include": st.just("all") | st.lists(st.sampled_from(["payroll", "travel"]), max_size=2)},
            optional={"exclude": st.lists(st.sampled_from(["payroll", "travel"]), max_size=1)},
        ),
        "session": st.fixed_dictionaries({"sign_in_frequency": st.sampled_from(["1h", "5h"])}),
    },
).filter(_says_something)


def people_of(stage: Stage) -> dict[str, Signed]:
    """Everybody, signed in with one factor; Ada is in the group X."""
    found = {}
    stage.broker.access.groups.create(ACTOR, "X")
    for email, kind in WHO.items():
        found[email] = stage.person(scopes="", email=email, kind=kind)
        with stage.broker.core.db.write() as tx:
            for application in ("payroll", "travel"):
                consents.record(tx, found[email].person.id, application, ALL_SCOPES.split(), stage.clock())
    stage.broker.access.groups.add_members(ACTOR, "X", ["ada@fabrikam.example"])
    return found


def arrive(stage: Stage, who: Signed, client_id: str, address: str) -> tuple[dict[str, str], dict[str, Any]]:
    """A silent sign-in from an address: the application's answer, and the receipt."""
    where = {"environ_base": {"REMOTE_ADDR": address}}
    first = stage.authorize(client_id, prompt="none")
    cookies = "; ".join([first.headers["Set-Cookie"].split(";")[0], stage.cookie(who)["Cookie"]])
    answer = stage.get(first.headers["Location"], headers={"Cookie": cookies}, **where)
    stage.clock.advance(1)
    return sent_to(answer)[1], stage.broker.history.receipts.newest(email=who.person.email, limit=1)[0].to_json()


@given(
    files=st.lists(FILE, min_size=1, max_size=3),
    email=st.sampled_from(sorted(WHO)),
    client_id=st.sampled_from(["payroll", "travel"]),
    address=st.sampled_from(ADDRESSES),
    acr=st.sampled_from([SFA, MFA, PHISHING_RESISTANT]),
    age=st.integers(0, 6),
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
def test_what_if_equals_what_happens(
    stage: Stage, files: list[dict[str, Any]], email: str, client_id: str, address: str, acr: str, age: int
) -> None:
    """PO-09, PO-02: the same outcome, demands, policies and reasons; asking has changed nothing."""
    with stage.broker.core.db.read() as tx:
        person = people.by_email(tx, email)
    if person is None:
        people_of(stage)
        with stage.broker.core.db.read() as tx:
            person = people.by_email(tx, email)
    assert person is not None
    who = stage.sign_in(person, acr=acr, auth_time=stage.clock() - age * 3600)
    for number in range(3):
        path = stage.home / "config" / "policies" / f"p{number}.yaml"
        path.unlink(missing_ok=True)
        if number < len(files):
            path.write_text(json.dumps(files[number]), "utf-8")
    stage.reload()
    before = stage.counts()
    said = stage.broker.policies.what_if(ACTOR, email, client_id, address).to_json()
    assert stage.counts() == before
    answer, receipt = arrive(stage, who, client_id, address)
    facts, about = receipt["facts"], receipt["policies"]
    assert (said["error"], said["require"], said["sign_in_frequency"]) == (
        facts["policy_refusal"],
        facts["required"],
        facts["frequency"],
    )
    assert all(entry in said["policies"] for entry in about)
    assert all(entry["result"] == "not_matched" for entry in said["policies"] if entry not in about)
    if said["outcome"] == "blocked":
        assert (answer.get("error"), receipt["reason"], receipt["error"]) == ("access_denied", said["error"], None)
    elif said["sign_in_frequency"] is not None and said["sign_in_frequency"] <= age * 3600:
        assert answer.get("error") == "login_required"
    elif not said["require"]:
        assert "code" in answer
    elif "terms_of_use" in said["require"]:  # this company has written none
        assert (answer.get("error"), receipt["reason"]) == ("access_denied", "terms_of_use_missing")
    else:  # whatever acr the session names, nothing in it proved more than one factor
        assert answer.get("error") in {"interaction_required", "login_required"}
    if "code" in answer:
        assert said["outcome"] == "allowed"


def test_what_is_told(stage: Stage) -> None:
    """PO-09: of one person and one application; what stands against a sign-in beside the policies is a note."""
    who = stage.person(email="ada@fabrikam.example", application="tight")
    stage.write("policies/office.yaml", BLOCK + "conditions: {networks: {exclude: [192.0.2.0/24]}}\n")
    stage.write(
        "policies/trusted.yaml", GUESTS + "grant: {require: [mfa]}\nconditions: {partner_mfa: false}\nstate: report_only\n"
    )
    ask = partial(stage.broker.policies.what_if, ACTOR)
    found = ask("Ada@Fabrikam.example", "tight", "192.0.2.1")
    assert (found.user, found.partner, found.outcome) == ("ada@fabrikam.example", "fabrikam", "allowed")
    assert [(p.id, p.state, p.result) for p in found.policies] == [
        ("office", "enabled", "not_matched"),
        ("trusted", "report_only", "required"),
    ]
    assert found.notes == ("the application asks for an assignment, which the guest does not have",)
    stage.write("policies/typo.yaml", "name: x\nusers: {include: {groups: [Auditor, AUDITORS]}}\ngrant: {block: true}\n")
    stage.broker.access.groups.create(ACTOR, "Auditors")
    assert ask("ada@fabrikam.example", "payroll", "192.0.2.1").notes == (
        "policy typo names group 'Auditor', which doesn't exist, so nobody is protected through it",
    )
    (stage.home / "config" / "policies" / "typo.yaml").unlink()
    stage.reload()
    assert ask(who.person.email, "tight").outcome == "blocked"  # without --ip: from none of the networks
    mfa = ask(who.person.email, "tight", "192.0.2.1", partner_mfa=True).policies[1]
    assert (mfa.result, mfa.reason) == (
        "not_matched",
        "is about sign-ins without a trusted partner's multi-factor authentication",
    )
    with stage.broker.core.db.write() as tx:
        people.change(tx, who.person.id, {"state": GuestState.BLOCKED.value})
    assert ask(who.person.email, "tight", "192.0.2.1").notes[0] == "the person is blocked, whatever the policies say"
    with stage.broker.core.db.write() as tx:
        people.change(tx, who.person.id, {"state": "active", "expires_at": stage.clock(), "partner": None})
    found = ask(who.person.email, "payroll", "192.0.2.1")
    assert found.notes == ("the guest's time is over, whatever the policies say",)
    assert found.partner == "fabrikam"


def test_where_somebody_signs_in_who_never_did(stage: Stage) -> None:
    """The authority for the address, else the code by mail: a policy that names partners is judged all the same."""
    stage.person(email="zoe@nowhere.example", partner=None)
    stage.write("policies/p.yaml", "name: x\nusers: {include: {partners: [fabrikam]}}\ngrant: {block: true}\n")
    found = stage.broker.policies.what_if(ACTOR, "zoe@nowhere.example", "payroll").to_json()
    assert (found["partner"], found["outcome"]) == ("email", "allowed")


@pytest.mark.parametrize(
    ("email", "application", "address", "error", "said"),
    [
        ("nobody@fabrikam.example", "payroll", None, NotFound, "nobody with the address"),
        ("ada@fabrikam.example", "nope", None, NotFound, "there is no application 'nope'"),
        ("ada@fabrikam.example", "payroll", "everywhere", Invalid, "is no IP address"),
        ("no address", "payroll", None, Invalid, "not a mail address"),
    ],
)
def test_what_if_refuses(
    stage: Stage, email: str, application: str, address: str | None, error: type[Exception], said: str
) -> None:
    """One clear line."""
    stage.person(email="ada@fabrikam.example")
    with pytest.raises(error, match=said):
        stage.broker.policies.what_if(ACTOR, email, application, address)
