"""config/broker.yaml: each kind of mistake with its exact line."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.settings import load
from tests.settings.homes import BROKER, ENVIRON, good, of, write

NO_URL = "is no URL; write plain ASCII without spaces, hosts in their xn-- form"
FORM = "is not in the form browsers use; write the host in lower case and no default port"
PATH = "has a path with special characters; write https://HOST, at most with a plain path"
QUERY = "has a query or fragment; write https://HOST, at most with a path"
LOOPBACK = "is http on a host that is not loopback; write https://HOST"
ISSUERS = {
    "http://login.contoso.example": LOOPBACK,
    "http://10.0.0.1": LOOPBACK,
    "http://127.1": LOOPBACK,
    "http://127.0.0.1.nip.example": LOOPBACK,
    "http://sub.localhost": LOOPBACK,
    "http://[::2]": LOOPBACK,
    "https://login.contoso.example/": "ends in a slash; write it without",
    "https://login.contoso.example/broker/": "ends in a slash; write it without",
    "https://login.contoso.example?x": QUERY,
    "https://login.contoso.example?": QUERY,
    "https://login.contoso.example/#": QUERY,
    "https://Login.contoso.example": FORM,
    "https://login.contoso.example:443": FORM,
    "http://localhost:80": FORM,
    "https://login.contoso.example/a//b": PATH,
    "https://login.contoso.example/a/../b": PATH,
    "https://login.contoso.example/a%20b": PATH,
    "ftp://login.contoso.example": "does not begin with https://; write https://HOST",
    "HTTPS://login.contoso.example": "does not begin with https://; write https://HOST",
    "login.contoso.example": "is no absolute URL; write https://HOST/PATH",
    "https:///x": "has no host; write https://HOST/PATH",
    "https://": "has no host; write https://HOST/PATH",
    "https:login.contoso.example": "has no host; write https://HOST/PATH",
    "http://localhost.": "has no host; write https://HOST/PATH",
    "https://bücher.example": NO_URL,
    "https://a b.example": NO_URL,
    "https://a\\\\b.example": NO_URL,
    "https://[::1": "is no URL; check host and port",
    "https://h.example:99999": "is no URL; check host and port",
    "https://h.example:": "has a colon but no port; remove the colon",
}


@pytest.mark.parametrize("issuer", ISSUERS)
def test_what_is_no_issuer(issuer, tmp_path: Path):
    """CF-01: https, http for loopback only, nothing behind the path; the message says what to write."""
    shown = issuer.replace("\\\\", "\\")
    assert of("broker", tmp_path, f'issuer: "{issuer}"\n') == [f"1: issuer: '{shown}' {ISSUERS[issuer]}"]


def test_an_issuer_with_a_password_is_not_printed(tmp_path: Path):
    """CF-09: what stands before an @ may be a secret."""
    found = of("broker", tmp_path, "issuer: https://u:hush@login.contoso.example\n")
    assert found == ["1: issuer: holds a user name or password; remove what stands before the @"]


@pytest.mark.parametrize(
    "issuer",
    [
        "https://login.contoso.example",
        "https://login.contoso.example:8443",
        "https://login.contoso.example/broker",
        "https://xn--bcher-kva.example",
        "http://localhost:8080",
        "http://127.0.0.1",
        "http://127.9.8.7:1",
        "http://[::1]:8080",
    ],
)
def test_issuers_are_kept_as_written(issuer, tmp_path: Path):
    """Discovery 3: the issuer is compared character for character, so nothing is added or removed."""
    assert load.load(good(tmp_path, broker=f"issuer: {issuer}\n"), ENVIRON).issuer == issuer


LIST = "is not a list; write [ONE, TWO], or [] for none"
BOOLEAN = "is not a yes or no; write true or false, without quotes"
DURATION = "is no duration; write a whole number and s, m, h or d, as in 30d"
RANGE = "is out of range; write a duration from 1s to 36500d"
EMPTY = "is empty; write a value, or remove the key"
TEXT = "is empty or not a text; write a text, in quotes if it looks like a number or yes or no"
MAP = "is not a map; write key: value lines below it"
ADDRESS = "is no mail address; write one as alice@contoso.example"
SERVER = "is no mail server; write smtp://HOST:PORT, smtps://, smtp+starttls:// or folder:var/mail"
DATABASE = "is no database we know; write sqlite:///var/broker.db or postgresql+psycopg://USER:PASSWORD@HOST/DATABASE"
DRIVER = "names another driver; write postgresql+psycopg://USER:PASSWORD@HOST/DATABASE"
NETWORK = "is no IP address or network; write one as 192.0.2.0/24"
HOST = "is no host or network; write one as idp.internal, idp.internal:8443 or 10.0.0.0/8"
SENDER = "is no sender; write Contoso <no-reply@contoso.example>"
DOMAIN = "is no mail domain; write one as fabrikam.example"
TOP = (
    "issuer, organization, database, administrators, roles, mail, invitations, guests, terms_of_use, sessions, tokens, languages,"
    " retention, webhooks, network"
)
CASES = {
    "isuer: x": ["isuer: is an unknown key; did you mean issuer?"],
    "sesions: {}": ["sesions: is an unknown key; did you mean sessions?"],
    "lifetime: 3d": ["lifetime: is an unknown key here; did you mean invitations.lifetime?"],
    "colour: red": [f"colour: is an unknown key; write one of {TOP}"],
    "network: {metrics: []}": ["network.metrics: is an unknown key; did you mean metrics_from?"],
    "mail: {sender: a@b.example}": ["mail.sender: is an unknown key; did you mean server?"],
    "database: mysql://x": [f"database: {DATABASE}"],
    "database: 'sqlite://'": [f"database: {DATABASE}"],
    "database: postgresql://u:p@h/d": [f"database: {DRIVER}"],
    "database: 3": [f"database: {TEXT}"],
    "database:": [f"database: {TEXT}"],
    "administrators: alice@contoso.example": [f"administrators: {LIST}"],
    "administrators: [alice, 'A <a@b.example>', a@b.local, 3]": [
        f"administrators.0: 'alice' {ADDRESS}",
        f"administrators.1: 'A <a@b.example>' {ADDRESS}",
        f"administrators.2: 'a@b.local' {ADDRESS}",
        f"administrators.3: '3' {ADDRESS}",
    ],
    "mail: {server: 'http://x'}": [f"mail.server: {SERVER}"],
    "mail: {server: 'smtp://'}": [f"mail.server: {SERVER}"],
    "mail: {server: 'smtp://h:70000'}": [f"mail.server: {SERVER}"],
    "mail: {server: 'folder:'}": [f"mail.server: {SERVER}"],
    "mail: {from: x}": [f"mail.from: 'x' {SENDER}"],
    "mail: {from: 'x@y'}": [f"mail.from: 'x@y' {ADDRESS}"],
    "mail: {from: 'A <a@b.example>, c@d.example'}": [f"mail.from: 'A <a@b.example>, c@d.example' {SENDER}"],
    'mail: {from: "a@b.example\\nBcc: c@d.example"}': [
        "mail.from: is too long or not one line; write at most 500 characters in one line"
    ],
    "invitations: {lifetime: 30}": [f"invitations.lifetime: '30' {DURATION}"],
    "invitations: {lifetime: 30 days}": [f"invitations.lifetime: '30 days' {DURATION}"],
    "invitations: {lifetime: -1d}": [f"invitations.lifetime: '-1d' {DURATION}"],
    "invitations: {lifetime: 1.5d}": [f"invitations.lifetime: '1.5d' {DURATION}"],
    "invitations: {lifetime: 0d}": [f"invitations.lifetime: '0d' {RANGE}"],
    "invitations: {lifetime: 36501d}": [f"invitations.lifetime: '36501d' {RANGE}"],
    "invitations: {lifetime: null}": [f"invitations.lifetime: 'null' {DURATION}"],
    "invitations:": [f"invitations: {EMPTY}"],
    "invitations: {deny_domains: [a b]}": [f"invitations.deny_domains.0: 'a b' {DOMAIN}"],
    "guests: {email_one_time_code: 'yes'}": [f"guests.email_one_time_code: {BOOLEAN}"],
    "guests: {email_one_time_code: 1}": [f"guests.email_one_time_code: {BOOLEAN}"],
    "guests: {lifetime: 1y}": [f"guests.lifetime: '1y' {DURATION}"],
    "terms_of_use: {version: 2026-01}": ["terms_of_use.file: is missing; write file: config/terms.md"],
    "terms_of_use: {file: config/terms.md}": ["terms_of_use.version: is missing; write version: 2026-01"],
    "terms_of_use: {version: true, file: config/none.md}": [
        f"terms_of_use.version: {TEXT}",
        "terms_of_use.file: 'config/none.md' is no file; write a path that exists, relative to the home",
    ],
    "languages: [en, no]": [
        "languages.1: is not a text; write one of en, nl, de, fr, in quotes if it looks like a number or yes or no"
    ],
    "languages: [en, es]": ["languages.1: 'es' is not known here; did you mean en? Write one of en, nl, de, fr"],
    "languages: [sv]": ["languages.0: 'sv' is not known here; write one of en, nl, de, fr"],
    "languages: []": ["languages: is empty; write at least one of en, nl, de, fr"],
    "languages: en": [f"languages: {LIST}"],
    "network: {trusted_proxies: [10.0.0.1/8, 300.1.1.1, proxy, 7]}": [
        "network.trusted_proxies.0: '10.0.0.1/8' is not the beginning of its network; write 10.0.0.0/8",
        f"network.trusted_proxies.1: '300.1.1.1' {NETWORK}",
        f"network.trusted_proxies.2: 'proxy' {NETWORK}",
        f"network.trusted_proxies.3: '7' {NETWORK}",
    ],
    "network: {allow_private_addresses: ['localhost:0', 'http://x', 10.0.0.0/33, a b, 10.0.0.5/8, 7]}": [
        f"network.allow_private_addresses.0: 'localhost:0' {HOST}",
        f"network.allow_private_addresses.1: 'http://x' {HOST}",
        f"network.allow_private_addresses.2: '10.0.0.0/33' {NETWORK}",
        f"network.allow_private_addresses.3: 'a b' {HOST}",
        "network.allow_private_addresses.4: '10.0.0.5/8' is not the beginning of its network; write 10.0.0.0/8",
        f"network.allow_private_addresses.5: '7' {HOST}",
    ],
    "sessions: 12h": [f"sessions: {MAP}"],
    "sessions: [12h]": [f"sessions: {MAP}"],
}


@pytest.mark.parametrize("case", CASES)
def test_each_mistake_has_its_line(case, tmp_path: Path):
    """CF-02: unknown keys with the nearest one, wrong types, values out of range: place, what is wrong, what to write."""
    write(tmp_path, {"config/terms.md": "x"})
    assert of("broker", tmp_path, BROKER + case + "\n") == [f"3: {line}" for line in CASES[case]]


ORGANIZATION = {
    "{nam: x}": ["organization.name: is missing; write name: Contoso", "organization.nam: is an unknown key; did you mean name?"],
    "{name: ''}": [f"organization.name: {TEXT}"],
    "{name: 3}": [f"organization.name: {TEXT}"],
    "{name: x, support_url: 'javascript:alert(1)', privacy_url: 'mailto:a@b.example'}": [
        "organization.support_url: 'javascript:alert(1)' is not https; write https://HOST/PATH (http only for loopback hosts)",
        "organization.privacy_url: 'mailto:a@b.example' is not https; write https://HOST/PATH (http only for loopback hosts)",
    ],
    "{name: x, support_url: 'mailto:'}": [
        "organization.support_url: 'mailto:' is not https; write https://HOST/PATH (http only for loopback hosts)"
    ],
}


@pytest.mark.parametrize("case", ORGANIZATION)
def test_the_organization(case, tmp_path: Path):
    """What stands on every page is a text or a link, never a script."""
    text = f"issuer: https://login.contoso.example\norganization: {case}\n"
    assert of("broker", tmp_path, text) == [f"2: {line}" for line in ORGANIZATION[case]]


def test_a_missing_key_is_told_with_the_line_of_what_should_hold_it(tmp_path: Path):
    """The line of the file's first key, or of the map."""
    text = "# comment\n\nlanguages: [en]\norganization:\n  support_url: tel:+3112345\n"
    assert of("broker", tmp_path, text) == [
        "3: issuer: is missing; write issuer: https://login.contoso.example",
        "4: organization.name: is missing; write name: Contoso",
    ]


def test_values_in_their_canonical_form(tmp_path: Path):
    """Durations are seconds, addresses and domains lower case in xn-- form (PO-04, IN-13)."""
    write(tmp_path, {"config/terms.md": "x"})
    text = BROKER + (
        "administrators: [Alice.B+x@Contoso.Example, 'ü@Bücher.example']\n"
        "invitations: {lifetime: 45s, allow_domains: [Bücher.Example., .Sub.example], deny_domains: [xn--bcher-kva.example]}\n"
        "terms_of_use: {version: 2026, file: config/terms.md}\n"
        "tokens: {access: 5m}\n"
        "network: {allow_private_addresses: [IdP.internal, 10.0.0.0/8, '::1', 127.0.0.2, 'IdP.internal:8443', '[::1]:443', '10.0.0.0/8:80'],"
        " trusted_proxies: ['fd00::/8', '::ffff:10.0.0.0/104', '::ffff:192.0.2.1']}\n"
        "mail: {from: 'Contoso Guests <Guests@contoso.example>', server: 'smtp+starttls://u:p@mail.contoso.example:587'}\n"
    )
    broker = load.load(good(tmp_path, broker=text), ENVIRON).broker
    assert broker.administrators == ("alice.b+x@contoso.example", "ü@xn--bcher-kva.example")
    assert broker.invitations.lifetime == 45
    assert broker.invitations.allow_domains == ("xn--bcher-kva.example", ".sub.example")
    assert broker.terms_of_use is not None
    assert broker.terms_of_use.version == "2026"
    assert (broker.tokens.access, broker.tokens.id) == (300, 600)
    assert broker.network.trusted_proxies == ("fd00::/8", "10.0.0.0/8", "192.0.2.1")  # SC-09: as addresses are compared
    assert broker.network.allow_private_addresses == (
        *("idp.internal", "10.0.0.0/8", "::1", "127.0.0.2"),
        *("idp.internal:8443", "[::1]:443", "10.0.0.0/8:80"),
    )
    assert broker.mail_from == "Contoso Guests <Guests@contoso.example>"


@pytest.mark.parametrize(("text", "seconds"), [("0", 0), ("0s", 0), ("'0'", 0), ("45s", 45), ("5m", 300)])
def test_a_grace_may_be_none(text: str, seconds: int, tmp_path: Path):
    """`refresh_grace: 0` turns it off."""
    broker = load.load(good(tmp_path, broker=f"{BROKER}tokens: {{refresh_grace: {text}}}\n"), ENVIRON).broker
    assert broker.tokens.refresh_grace == seconds


@pytest.mark.parametrize("text", ["301s", "1h", "false", "30", "-1s", "''"])
def test_what_is_no_grace(text: str, tmp_path: Path):
    """At most five minutes, and never a number without a unit."""
    (found,) = of("broker", tmp_path, f"{BROKER}tokens: {{refresh_grace: {text}}}\n")
    assert found.startswith("3: tokens.refresh_grace: ")


def test_the_least_that_a_broker_needs(tmp_path: Path):
    """The issuer alone: the organization is named after its host, mail comes from no-reply there."""
    broker = load.load(good(tmp_path, broker="issuer: https://login.contoso.example\n"), ENVIRON).broker
    assert broker.organization.name == "login.contoso.example"
    assert broker.mail_from == '"login.contoso.example" <no-reply@login.contoso.example>'
