"""`/identity/conditionalAccess` and `/policies`: what the files say, read only."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest

from tests.web.graph.api import Api, error_of

CONDITIONAL = "/identity/conditionalAccess/policies"
CROSS = "/policies/crossTenantAccessPolicy"
READ = "policy-read-all"


def only(api: Api, text: str) -> dict[str, Any]:
    """The policy of a file, as a program reads it."""
    api.write("policies/one.yaml", text)
    (found,) = api.get(CONDITIONAL, by=READ).get_json()["value"]
    assert api.get(f"{CONDITIONAL}/{found['id']}", by=READ).get_json().items() >= found.items()
    return dict(found)


def test_a_policy_of_a_file(both: Api):
    """Whom it is about, where, when and what it asks for, in Graph's words; collections are never null."""
    ann = both.guest("ann")
    found = only(
        both,
        "name: Two factors\nstate: report_only\n"
        "users: {include: {guests: [ann@fabrikam.example, gone@fabrikam.example], partners: [fabrikam]}, exclude: {members: true}}\n"
        "applications: {include: [payroll]}\nconditions: {networks: {exclude: [192.0.2.0/24]}, partner_mfa: false}\n"
        "grant: {require: [mfa, terms_of_use]}\nsession: {sign_in_frequency: 90m}\n",
    )
    users, conditions = found["conditions"]["users"], found["conditions"]
    assert (found["displayName"], found["state"]) == ("Two factors", "enabledForReportingButNotEnforced")
    assert (users["includeUsers"], users["excludeUsers"], users["includeGroups"]) == ([ann], ["Members"], [])
    assert users["includeGuestsOrExternalUsers"]["externalTenants"]["members"] == ["fabrikam"]
    assert users["excludeGuestsOrExternalUsers"] is None
    assert conditions["applications"]["includeApplications"] == ["payroll"]
    assert conditions["locations"] == {"includeLocations": ["All"], "excludeLocations": ["192.0.2.0/24"]}
    assert (conditions["platforms"], conditions["userRiskLevels"], conditions["partnerMfa"]) == (None, [], False)
    assert (found["grantControls"]["operator"], found["grantControls"]["builtInControls"]) == ("AND", ["mfa", "termsOfUse"])
    frequency = found["sessionControls"]["signInFrequency"]
    assert (frequency["value"], frequency["type"], frequency["seconds"]) == (2, "hours", 5400)


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        ("{guests: all}", ["GuestsOrExternalUsers"]),
        ("{guests: all, members: true}", ["All"]),
        ("{members: true}", ["Members"]),
        ("{groups: [Auditors]}", []),
    ],
)
def test_whom_a_policy_is_about(api: Api, who: str, expected: list[str]):
    """Everybody, every guest, staff, or a group by its name; a block stands alone."""
    found = only(api, f"name: Nobody\nstate: enabled\nusers: {{include: {who}}}\ngrant: {{block: true}}\n")
    assert found["conditions"]["users"]["includeUsers"] == expected
    assert found["conditions"]["users"]["includeGroups"] == (["Auditors"] if "groups" in who else [])
    assert found["conditions"]["applications"]["includeApplications"] == ["All"]
    assert (found["grantControls"]["operator"], found["grantControls"]["builtInControls"]) == ("OR", ["block"])
    assert found["sessionControls"] is None


def test_what_we_believe_of_partners(api: Api):
    """IsMfaAccepted is whether trust.mfa lists a value; staff's own organization is no partner; the default trusts nobody."""
    file = (api.home / "config/partners/fabrikam.yaml").read_text("utf-8")
    for text, trusted in ((file, False), (file.replace("trust: {email: true}", "trust: {email: true, mfa: [mfa]}"), True)):
        api.write("partners/fabrikam.yaml", text)
        (partner,) = api.get(f"{CROSS}/partners", by=READ).get_json()["value"]
        assert (partner["tenantId"], partner["inboundTrust"]["isMfaAccepted"]) == ("fabrikam", trusted)
        assert api.get(f"{CROSS}/partners/fabrikam", by=READ).get_json().items() >= partner.items()
    default = api.get(f"{CROSS}/default", by=READ).get_json()
    assert (default["isServiceDefault"], default["inboundTrust"]["isMfaAccepted"]) == (True, False)
    redemption = default["invitationRedemptionIdentityProviderConfiguration"]
    assert redemption["fallbackIdentityProvider"] == "emailOneTimePasscode"
    assert api.get("/policies/authorizationPolicy", by=READ).get_json()["allowInvitesFrom"] == "adminsAndGuestInviters"
    assert error_of(api.get(f"{CROSS}/partners/staff", by=READ)) == (404, "Request_ResourceNotFound")
    assert error_of(api.get(f"{CONDITIONAL}/{uuid4()}", by=READ)) == (404, "Request_ResourceNotFound")


def test_policies_are_written_in_files(api: Api):
    """A write is 403 and names the file; who may not read policies is told no file (PO-09)."""
    found = only(api, "name: Nobody\nusers: {include: {guests: all}}\ngrant: {block: true}\n")
    writes = [
        ("POST", CONDITIONAL, "config/policies/"),
        ("PATCH", f"{CONDITIONAL}/{found['id']}", "config/policies/one.yaml"),
        ("DELETE", f"{CONDITIONAL}/{found['id']}", "config/policies/one.yaml"),
        ("PATCH", f"{CROSS}/default", "config/broker.yaml"),
        ("POST", f"{CROSS}/partners", "config/partners/"),
        ("PATCH", f"{CROSS}/partners/fabrikam", "config/partners/fabrikam.yaml"),
        ("DELETE", f"{CROSS}/partners/fabrikam", "config/partners/fabrikam.yaml"),
        ("PATCH", "/policies/authorizationPolicy", "config/broker.yaml"),
    ]
    for method, path, file in writes:
        answer = api.ask(method, path, {"state": "disabled"}, by=READ)
        assert error_of(answer) == (403, "Authorization_RequestDenied")
        assert file in answer.get_json()["error"]["message"]
        other = api.ask(method, path, {"state": "disabled"}, by="user-readwrite-all")
        assert error_of(other) == (403, "Authorization_RequestDenied")
        assert "config/" not in other.text
    for path in (CONDITIONAL, f"{CROSS}/default", f"{CROSS}/partners", "/policies/authorizationPolicy"):
        assert error_of(api.get(path, by="auditlog-read-all")) == (403, "Authorization_RequestDenied")
    assert only(api, "name: Nobody\nusers: {include: {guests: all}}\ngrant: {block: true}\n")["state"] == "enabled"
