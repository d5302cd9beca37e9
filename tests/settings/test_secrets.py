"""${env:NAME}, ${file:PATH}, and what is no secret (CF-01, CF-09)."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.settings import load
from broker.settings.secrets import is_example
from tests.settings.homes import APPLICATION, BROKER, ENVIRON, PARTNER, SECRET, good, lines, of, write

RANDOM = "write a random secret, as from: openssl rand -hex 32"
EMPTY = "is empty; write ${env:NAME} or ${file:PATH} with a secret, or remove the key"


def secret_of(home: Path, environ: dict[str, str] = ENVIRON) -> str:
    """What the application's client_secret became."""
    secret = load.load(home, environ).applications["payroll"].client_secret
    assert secret is not None
    return secret.get_secret_value()


def test_references_are_replaced_anywhere_in_a_text(tmp_path: Path):
    """`${env:}` and `${file:}` may be a part of a text; a file's last line break is not part of its value."""
    write(tmp_path, {"run/pw": SECRET + "\r\n"})
    text = APPLICATION.replace("${env:PAYROLL_SECRET}", "'pre-${file:run/pw}-${env:MIDDLE}-post'").replace(
        "Payroll", "${env:NAME}"
    )
    good(tmp_path, application=text)
    assert secret_of(tmp_path, {**ENVIRON, "MIDDLE": "m", "NAME": "Pay"}) == f"pre-{SECRET}-m-post"
    assert load.load(tmp_path, {**ENVIRON, "MIDDLE": "m", "NAME": "Pay"}).applications["payroll"].name == "Pay"


def test_a_file_may_lie_outside_the_home(tmp_path: Path):
    """Secrets are mounted where the platform puts them: an absolute path is taken."""
    elsewhere = write(tmp_path / "elsewhere", {"s": SECRET}) / "s"
    good(tmp_path / "home", application=APPLICATION.replace("${env:PAYROLL_SECRET}", f"${{file:{elsewhere}}}"))
    assert secret_of(tmp_path / "home") == SECRET


def test_values_are_not_read_again(tmp_path: Path):
    """What a variable holds is data: a `${` or YAML in it means nothing."""
    value = "${env:FABRIKAM_SECRET}: [x]"
    good(tmp_path)
    assert secret_of(tmp_path, {**ENVIRON, "PAYROLL_SECRET": value}) == value


REFERENCES = {
    "${env:GONE}": "environment variable GONE is not set; set it, or write ${file:PATH}",
    "${env:A-B}": "${env:A-B} names no environment variable; write letters, digits and _",
    "${file:gone}": "file gone cannot be read; make it readable, a relative path starts at the home",
    "${file:config}": "file config cannot be read; make it readable, a relative path starts at the home",
    "${file:big}": "file big is larger than 64 KiB; name a file that holds the value only",
    "${file:latin}": "file latin is not UTF-8; save it as UTF-8",
    "${ENV:X}": "a reference cannot be read; write ${env:NAME} or ${file:PATH}",
    "${env:}": "a reference cannot be read; write ${env:NAME} or ${file:PATH}",
    "${HOME}": "a reference cannot be read; write ${env:NAME} or ${file:PATH}",
    "${env:FABRIKAM_SECRET": "a reference cannot be read; write ${env:NAME} or ${file:PATH}",
}


@pytest.mark.parametrize("reference", REFERENCES)
def test_a_reference_that_cannot_be_had(reference, tmp_path: Path):
    """A missing one names file, key and line; a mistyped one never becomes the secret itself."""
    write(tmp_path, {"big": "x" * 65537, "latin": b"caf\xe9"})
    text = APPLICATION.replace("${env:PAYROLL_SECRET}", f'"{reference}"')
    assert of("application", tmp_path, text) == [f"2: client_secret: {REFERENCES[reference]}"]


def test_references_in_lists_and_maps_name_their_place(tmp_path: Path):
    """The key of a list item ends in its position."""
    text = APPLICATION + 'claims:\n  department: ${env:GONE}\nroles:\n  - viewer\n  - "${env:GONE}"\n'
    message = "environment variable GONE is not set; set it, or write ${file:PATH}"
    assert of("application", tmp_path, text) == [f"5: claims.department: {message}", f"8: roles.1: {message}"]


SECRETS = {
    "": EMPTY,
    "   ": EMPTY,
    "changeme": f"is a well-known example; {RANDOM}",
    "Change-Me-Change-Me": f"is a well-known example; {RANDOM}",
    "secret": f"is a well-known example; {RANDOM}",
    "password1234": f"is a well-known example; {RANDOM}",
    "your-client-secret-here": f"is a well-known example; {RANDOM}",
    "REPLACE_ME_PLEASE_123": f"is a well-known example; {RANDOM}",
    "example-secret": f"is a well-known example; {RANDOM}",
    "aaaaaaaaaaaaaaaaaaaaaaaa": f"is a well-known example; {RANDOM}",
    "x7Kq92LmZ": f"is shorter than 16 characters; {RANDOM}",
    "x7Kq92LmZx7Kq92": f"is shorter than 16 characters; {RANDOM}",
    "x7Kq92LmZx\nKq92Lm": "holds a line break or control character; write the secret in one line",
}


@pytest.mark.parametrize("secret", SECRETS)
def test_what_is_no_secret(secret, tmp_path: Path):
    """CF-01: empty, short and example secrets stop the start, at applications and partners alike; none is printed."""
    good(tmp_path, partner=PARTNER.replace("FABRIKAM_SECRET", "PAYROLL_SECRET"))
    found = lines(tmp_path, {"PAYROLL_SECRET": secret})
    assert found == [
        f"config/applications/payroll.yaml:2: client_secret: {SECRETS[secret]}",
        f"config/partners/fabrikam.yaml:6: oidc.client_secret: {SECRETS[secret]}",
    ]


def test_a_secret_written_without_value_is_no_public_client(tmp_path: Path):
    """HP-22: a confidential application whose credential is missing is unusable, never public."""
    empty = "client_secret: is empty; write a value, or remove the key"
    assert of("application", tmp_path, "name: Payroll\nclient_secret:\n") == [f"2: {empty}"]
    assert of("application", tmp_path, "name: Payroll\nclient_secret: null\n") == [f"2: {empty}"]
    assert of("application", tmp_path, "name: Payroll\nclient_secret: 12345678901234567\n") == [
        "2: client_secret: is not a text; put it into quotes"
    ]


@pytest.mark.parametrize(
    "secret", [SECRET, "payroll-secret-for-tests-only", "secret-0123456789", "test-4f9d1c", "3q2+7wAAcGFzc3dvcmQ="]
)
def test_what_is_no_example(secret):
    """A secret with anything of its own is not called an example."""
    assert not is_example(secret)


CANARY = "C4nary-9f3k2lq8wz"


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("broker", BROKER.replace("https://login.contoso.example", "${env:CANARY}")),
        ("broker", BROKER + "database: ${env:CANARY}\n"),
        ("broker", BROKER + "database: mysql://u:${env:CANARY}@h/d\n"),
        ("broker", BROKER + "database: postgres://u:${env:CANARY}@h/d\n"),
        ("broker", BROKER + "mail: {from: 'x ${env:CANARY}', server: 'smtp://u:${env:CANARY}@:x'}\n"),
        ("broker", BROKER + "languages: ['${env:CANARY}']\nsessions: {idle: '${env:CANARY}'}\nguests: '${env:CANARY}'\n"),
        ("broker", BROKER + "network: {trusted_proxies: ['${env:CANARY}'], allow_private_addresses: ['a ${env:CANARY}']}\n"),
        ("broker", BROKER + "administrators: ['${env:CANARY}']\ninvitations: {allow_domains: ['${env:CANARY}']}\n"),
        ("partner", PARTNER.replace("https://login.fabrikam.example", "http://${env:CANARY}.example/x y")),
        ("partner", PARTNER.replace("[fabrikam.example]", "['${env:CANARY}']") + "members: '${env:CANARY}'\n"),
        ("partner", "name: x\nsaml: {metadata: '${env:CANARY}', signed: '${env:CANARY}'}\n"),
        (
            "application",
            APPLICATION.replace("https://payroll.contoso.example/callback", "'${env:CANARY}'") + "logo: ${env:CANARY}\n",
        ),
        ("application", "name: x\njwks: ${env:CANARY}\nscopes: ['${env:CANARY}']\nroles: ['a ${env:CANARY}']\n"),
        ("policy", "name: x\nusers: {include: {guests: ['${env:CANARY}'], partners: ['${env:CANARY}']}}\ngrant: {block: true}\n"),
        ("policy", "name: x\nusers: {include: {partners: ['${env:CANARY}']}}\ngrant: {block: true}\n"),
        ("policy", "name: x\nstate: ${env:CANARY}\nusers: {include: {members: true}}\ngrant: {require: ['${env:CANARY}']}\n"),
    ],
)
def test_no_message_shows_what_a_reference_stands_for(kind, text, tmp_path: Path):
    """CF-09: whatever key a secret lands in, the errors show the reference, never the value."""
    found = lines(good(tmp_path, **{kind: text}), {**ENVIRON, "CANARY": CANARY})
    assert found
    assert not any(CANARY in line or CANARY.lower() in line for line in found)


def test_duplicate_domains_from_references_stay_hidden(tmp_path: Path):
    """CF-09: cross-file errors quote the reference too."""
    text = PARTNER.replace("fabrikam.example]", "'${env:CANARY}.example']").replace("[", "[", 1)
    good(tmp_path, partner=text)
    write(tmp_path, {"config/partners/other.yaml": text.replace("contoso-broker", "other")})
    assert lines(tmp_path, {**ENVIRON, "CANARY": "hush"}) == [
        (
            "config/partners/other.yaml:2: domains.0: what '${env:CANARY}.example' stands for belongs to partner fabrikam already;"
            " keep it in one of the two files"
        )
    ]


def test_settings_do_not_show_secrets(tmp_path: Path):
    """CF-09: neither repr nor str of the settings holds a secret, a database password or a mail password."""
    text = BROKER + "database: postgresql+psycopg://u:${env:PW}@h/d\nmail: {server: 'smtp://u:${env:PW}@h'}\n"
    settings = load.load(good(tmp_path, broker=text), {**ENVIRON, "PW": CANARY})
    assert CANARY in settings.broker.database
    assert CANARY in settings.broker.mail.server
    for shown in (repr(settings), str(settings.broker), repr(settings.partners), repr(settings.applications)):
        assert CANARY not in shown
        assert SECRET not in shown
