"""config/policies/POLICY.yaml: each kind of mistake with its exact line."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.settings import load
from tests.connectors.saml.metadata_documents import pem, rsa_key
from tests.settings.homes import ENVIRON, good, of, write

ALL = "name: x\nusers: {include: {guests: all}}\ngrant: {block: true}\n"  # what is appended stands in line 4
NOTHING = "asks for nothing; write block: true, require: [mfa], or session: {sign_in_frequency: 4h}"
NOBODY = "names nobody; write guests: all, or name guests, groups, partners or members: true"
NOWHERE = "names no application that is not excluded; write all, or [payroll]"
BOOLEAN = "is not a yes or no; write true or false, without quotes"
LIST = "is not a list; write [ONE, TWO], or [] for none"
ABSENT = "write the name of a file of config/applications/ without .yaml"

CASES = {
    "name: x\n": ["1: users: is missing; write users: {include: {guests: all}}", f"1: grant: {NOTHING}"],
    "name: x\nusers: {}\ngrant: {block: true}\n": ["2: users.include: is missing; write include: {guests: all}"],
    "name: x\nusers: {include: {}}\ngrant: {block: true}\n": [f"2: users.include: {NOBODY}"],
    "name: x\nusers: {include: {guests: [], members: false}}\ngrant: {block: true}\n": [f"2: users.include: {NOBODY}"],
    "name: x\nusers: {include: {guests: alle}}\ngrant: {block: true}\n": [
        "2: users.include.guests: is neither all nor a list; write all, or [ann@fabrikam.example]"
    ],
    "name: x\nusers: {include: {guests: [ann, b@fabrikam.example, 3], groups: finance}}\ngrant: {block: true}\n": [
        "2: users.include.guests.0: 'ann' is no mail address; write one as alice@contoso.example",
        "2: users.include.guests.2: '3' is no mail address; write one as alice@contoso.example",
        f"2: users.include.groups: {LIST}",
    ],
    "name: x\nusers: {include: {members: all}}\ngrant: {block: true}\n": [f"2: users.include.members: {BOOLEAN}"],
    "name: x\nusers: {include: {guests: all}}\ngrant: {}\n": [f"3: grant: {NOTHING}"],
    "name: x\nusers: {include: {guests: all}}\ngrant: {blok: true}\n": [
        "3: grant.blok: is an unknown key; did you mean block?",
        f"3: grant: {NOTHING}",
    ],
    "name: x\nusers: {include: {guests: all}}\ngrant: {block: true, require: [mfa]}\n": [
        "3: grant.require: stands beside block: true, which lets nobody in; keep one of the two"
    ],
    "name: x\nusers: {include: {guests: all}}\ngrant: {require: [mfaa]}\n": [
        "3: grant.require.0: 'mfaa' is not known here; did you mean mfa? Write one of mfa, phishing_resistant_mfa, terms_of_use"
    ],
    "name: x\nusers: {include: {guests: all}}\ngrant: {require: mfa}\n": [f"3: grant.require: {LIST}"],
    "name: x\nusers: {include: {guests: all}}\nsession: {sign_in_frequency: daily}\n": [
        "3: session.sign_in_frequency: 'daily' is no duration; write a whole number and s, m, h or d, as in 30d"
    ],
    ALL + "state: on\n": [
        "4: state: is not a text; write one of enabled, report_only, disabled, in quotes if it looks like a number or yes or no"
    ],
    ALL + "state: enable\n": [
        "4: state: 'enable' is not known here; did you mean enabled? Write one of enabled, report_only, disabled"
    ],
    ALL + "state:\n": ["4: state: is empty; write a value, or remove the key"],
    ALL + "conditions: {networks: {exclude: [192.0.2.1/24]}, partner_mfa: maybe}\n": [
        "4: conditions.networks.exclude.0: '192.0.2.1/24' is not the beginning of its network; write 192.0.2.0/24",
        f"4: conditions.partner_mfa: {BOOLEAN}",
    ],
    ALL + "condition: {}\n": ["4: condition: is an unknown key; did you mean conditions?"],
    ALL + "conditions: {countries: [NL]}\n": ["4: conditions.countries: is an unknown key; write one of networks, partner_mfa"],
    ALL + "applications: {include: [payrol], exclude: [zzz]}\n": [
        "4: applications.include.0: 'payrol' is no application we have a file of; did you mean payroll?",
        f"4: applications.exclude.0: 'zzz' is no application we have a file of; {ABSENT}",
    ],
    ALL + "applications: {include: []}\n": [f"4: applications.include: {NOWHERE}"],
    ALL + "applications: {include: [payroll], exclude: [payroll]}\n": [f"4: applications.include: {NOWHERE}"],
    ALL + "applications: {include: payroll}\n": ["4: applications.include: is neither all nor a list; write all, or [payroll]"],
    ALL + "applications: all\n": ["4: applications: is not a map; write key: value lines below it"],
    "name: x\nusers:\n  include: {partners: [fabricam], guests: all}\n  exclude: {partners: [x], user: y}\ngrant: {block: true}\n": [
        "3: users.include.partners.0: 'fabricam' is no partner we have a file of; did you mean fabrikam?",
        "4: users.exclude.user: is an unknown key; write one of guests, groups, partners, members",
        "4: users.exclude.partners.0: 'x' is no partner we have a file of; write the name of a file of config/partners/ without .yaml",
    ],
}


@pytest.mark.parametrize("text", CASES)
def test_what_is_not_understood_is_refused(text, tmp_path: Path):
    """PO-01: an unknown field, word or type stops the start; nothing is skipped and allowed."""
    assert of("policy", tmp_path, text) == CASES[text]


def test_a_policy_as_the_contract_writes_it(tmp_path: Path):
    """Every key of the contract's example is taken."""
    text = (
        "name: Payroll asks guests for a second factor\nstate: enabled\nusers:\n  include: {guests: all}\n  exclude: {}\n"
        "applications: {include: all, exclude: []}\nconditions:\n  networks: {include: [], exclude: [192.0.2.0/24]}\n"
        "  partner_mfa: false\ngrant:\n  block: false\n  require: [mfa]\nsession:\n  sign_in_frequency: 4h\n"
    )
    policy = load.load(good(tmp_path, policy=text), ENVIRON).policies["mfa"]
    assert (policy.id, policy.state, policy.users.include.guests) == ("mfa", "enabled", "all")
    assert policy.grant.require == ("mfa",)
    assert policy.session.sign_in_frequency == 4 * 3600
    assert policy.conditions.partner_mfa is False


def test_named_people_partners_and_applications(tmp_path: Path):
    """Addresses are canonical, names are those of files; a frequency alone is a policy."""
    write(tmp_path, {"config/applications/wiki.yaml": "name: Wiki\n"})
    text = (
        "name: x\nusers: {include: {guests: [Ann@Fabrikam.example], groups: [Finance], partners: [fabrikam], members: true}}\n"
        "applications: {include: [payroll, wiki], exclude: [wiki]}\nsession: {sign_in_frequency: 1h}\n"
    )
    policy = load.load(good(tmp_path, policy=text), ENVIRON).policies["mfa"]
    assert policy.users.include.guests == ("ann@fabrikam.example",)
    assert policy.applications.include == ("payroll", "wiki")


def test_federations_and_their_entities(tmp_path: Path):
    """PO-01: a policy names a federation or one entity of it, by an id that it can have; a federation has no partner's name."""
    federation = "metadata: https://md.example/all.xml\nmetadata_certificate: config/md.pem\n"
    entity = "0af3" * 8
    text = f"name: x\nusers: {{include: {{partners: [edu, edu/{entity}, edu2, else/{entity}, edu/0af, edu/]}}}}\ngrant: {{block: true}}\n"
    names = {"config/federations/edu.yaml", "config/federations/fabrikam.yaml"}
    write(tmp_path, {"config/md.pem": pem(rsa_key(name="federation")), **dict.fromkeys(names, federation)})
    errors = load.read(good(tmp_path, policy=text), ENVIRON).errors
    assert [(error.file, error.key, error.message.partition(" ")[0]) for error in errors] == [
        ("config/federations/fabrikam.yaml", "metadata", "belongs"),
        ("config/policies/mfa.yaml", "users.include.partners.2", "'edu2'"),
        ("config/policies/mfa.yaml", "users.include.partners.3", f"'else/{entity}'"),
        ("config/policies/mfa.yaml", "users.include.partners.4", "'edu/0af'"),
        ("config/policies/mfa.yaml", "users.include.partners.5", "'edu/'"),
    ]
