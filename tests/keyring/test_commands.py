"""The contract's `broker keys init|rotate|list|import`: exit status, one line, --json; CF-03 at the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from broker.cli import broker
from broker.keyring.create import self_signed
from tests.clock import START

Run = Callable[..., Result]
CONFIG = """\
issuer: http://localhost:8080
organization:
  name: Contoso
mail:
  from: Contoso <no-reply@contoso.example>
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a config and nothing else."""
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "broker.yaml").write_text(CONFIG)
    return tmp_path


@pytest.fixture
def run(home: Path) -> Run:
    """Call `broker keys ...` in that home."""

    def call(*arguments: str, status: int = 0) -> Result:
        result = CliRunner().invoke(broker, ["keys", *arguments, "--home", str(home)])
        assert result.exit_code == status, result.output
        return result

    return call


def listed(run: Run) -> list[dict[str, Any]]:
    """`broker keys list --json`."""
    found: list[dict[str, Any]] = json.loads(run("list", "--json").stdout)
    return found


def refusal(result: Result) -> str:
    """The one line on standard error; nothing on standard output."""
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    return line


def pem(key: rsa.RSAPrivateKey, password: bytes | None = None) -> str:
    """PKCS#8."""
    hidden = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden).decode()


def test_init_makes_all_and_is_idempotent(run: Run, home: Path) -> None:
    """Contract: the root key, the database and the first ring; a second time it says what exists, and changes nothing."""
    first = run("init")
    (root,) = (home / "keys").iterdir()
    assert f"root key created: {root}" in first.stdout
    assert "ring created" in first.stdout
    before = (root.read_text(), listed(run))
    again = run("init").stdout
    assert f"root key exists already: {root}" in again
    assert "ring exists already" in again
    assert (root.read_text(), listed(run)) == before
    shown = json.loads(run("init", "--json").stdout)
    assert (shown["root_key"], shown["root_key_created"], shown["ring_created"]) == (str(root), False, False)
    assert {(key["alg"], key["state"], key["published"]) for key in shown["keys"]} == {
        (a, "active", True) for a in ("RS256", "ES256", "PS256", "EdDSA")
    }


def test_no_private_half_is_printed_or_stored_in_clear(run: Run, home: Path) -> None:
    """CF-05, HP-42: neither output nor database holds a private key or the root key."""
    output = run("init").output + run("list").output + run("list", "--json").output + run("rotate", "--json").output
    (root,) = (home / "keys").iterdir()
    for text in (output, (home / "var" / "broker.db").read_bytes().decode("latin-1")):
        assert root.read_text().splitlines()[1] not in text
        assert "PRIVATE" not in text
    assert "sealed" not in output


def test_another_root_key_seals_from_then_on(run: Run, home: Path) -> None:
    """HT-15: several may lie there; what the first one sealed still opens."""
    run("init")
    assert json.loads(run("init", "--new-root", "--json").stdout)["root_key_created"] is True
    assert len(list((home / "keys").glob("*.key"))) == 2
    run("rotate")
    newest = max((home / "keys").glob("*.key"))
    newest.rename(home / "newest")
    assert "which is not here; put its file back" in refusal(run("init", status=1))
    (home / "newest").rename(newest)
    run("init")


def test_a_plain_root_key_is_not_taken_for_one_in_a_token(run: Run) -> None:
    """HT-15: where a key lies in the file itself already, `--pkcs11` makes none, so nobody believes that a token protects it."""
    run("init")
    refused = refusal(run("init", "--pkcs11", "/nowhere/lib.so", "--token", "hsm", "--key", "root", status=1))
    assert "--new-root" in refused


def test_rotate_and_rotate_now(run: Run) -> None:
    """HP-51: published at once and signing later; under way already; --now signs at once."""
    run("init")
    added = json.loads(run("rotate", "--json").stdout)
    assert [(key["state"], key["published"]) for key in added] == [("next", True)] * 4
    assert json.loads(run("rotate", "--json").stdout) == []
    assert "A rotation is in progress" in run("rotate").stdout
    now = run("rotate", "--now").stdout
    assert now.count(" active ") == 4
    states = [key["state"] for key in listed(run)]
    assert (states.count("active"), states.count("retired"), states.count("next")) == (4, 8, 0)


def test_before_init(run: Run, home: Path) -> None:
    """One clear line that says what to do, exit 1, and nothing is made."""
    for arguments in (["list"], ["rotate"]):
        assert "run `broker keys init`" in refusal(run(*arguments, status=1))
    assert not (home / "keys").exists()
    (home / "config" / "broker.yaml").write_text("issuer: 1\n")
    assert "config/broker.yaml:1: " in run("init", status=1).stderr
    assert not (home / "keys").exists()


def test_a_root_key_without_its_ring_tables(run: Run, home: Path) -> None:
    """A home whose database was lost or never brought up: one line, exit 1."""
    run("init")
    for path in (home / "var").iterdir():
        path.unlink()
    assert "broker db upgrade" in refusal(run("list", status=1))


@pytest.mark.parametrize("damage", ["wide", "folder", "junk", "missing"])
def test_a_bad_root_key(damage: str, run: Run, home: Path) -> None:
    """CF-03: each fault is one line that names the file; the ring stays as it is."""
    run("init")
    (root,) = (home / "keys").iterdir()
    text = root.read_text()
    if damage == "wide":
        root.chmod(0o644)
    elif damage == "junk":
        root.write_text("junk")
    else:
        root.unlink()
        if damage == "folder":
            root.mkdir()
    for command in (["rotate"], ["list"], ["rotate", "--now"]):
        assert str(home / "keys") in refusal(run(*command, status=1))
    if damage == "folder":
        root.rmdir()
    root.write_text(text)
    root.chmod(0o600)
    assert len(listed(run)) == 4


def test_import_refuses_and_stores_nothing(run: Run, home: Path) -> None:
    """CF-03: wrong password, public instead of private, RSA 1024: exit 1, one line, nothing stored."""
    run("init")
    good, weak = (rsa.generate_private_key(public_exponent=65537, key_size=bits) for bits in (2048, 1024))
    certificate = self_signed(good, "contoso", START)
    public = good.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    file, password = home / "key.pem", home / "password"
    password.write_text("wrong\n")
    before = listed(run)
    for text, more, why in (
        (pem(good, b"sesame") + certificate, ["--password-file", str(password)], "the password is wrong"),
        (pem(good, b"sesame") + certificate, [], "give its password"),
        (public + certificate, [], "no private key"),
        (pem(weak) + self_signed(weak, "weak", START), [], "RSA key of 1024 bits"),
        (pem(good), [], "holds no certificate"),
    ):
        file.write_text(text)
        said = refusal(run("import", "--use", "saml", str(file), *more, status=1))
        assert said.startswith(f"{file}: ")
        assert why in said
    assert "cannot be read" in refusal(run("import", "--use", "sig", str(home / "none"), status=1))
    assert listed(run) == before


def test_import_takes_a_key_that_partners_trust(run: Run, home: Path) -> None:
    """Contract: `keys import --use saml FILE`; it is active at once, and a second time it is refused."""
    run("init")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file, certificate, password = home / "key.pem", home / "cert.pem", home / "password"
    file.write_text(pem(key, b"sesame"))
    certificate.write_text(self_signed(key, "contoso", START))
    password.write_text("sesame\n")
    arguments = ["import", "--use", "saml", str(file), "--certificate", str(certificate), "--password-file", str(password)]
    shown = json.loads(run(*arguments, "--json").stdout)
    assert (shown["use"], shown["alg"], shown["state"], shown["certificate"]) == (
        "saml",
        "RSA-SHA256",
        "active",
        certificate.read_text(),
    )
    assert "holds this key already" in refusal(run(*arguments, status=1))
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    file.write_text(pem(other))
    assert " next " in run("import", "--use", "sig", "--alg", "PS256", str(file)).stdout


@pytest.mark.parametrize(
    "arguments",
    [["import"], ["import", "--use", "sig"], ["import", "FILE"], ["import", "--use", "tls", "FILE"], ["import", "--use", "saml", "--alg", "RS256", "FILE"],
     ["rotate", "--later"], ["list", "extra"], ["burn"]],
)  # fmt: skip
def test_wrong_usage(arguments: list[str], run: Run) -> None:
    """Contract: exit 2."""
    run(*arguments, status=2)


def test_two_commands_at_the_same_time(run: Run, home: Path) -> None:
    """CF-08: two processes rotate at once; each ends well, and one key an algorithm is active."""
    run("init")
    command = [sys.executable, "-m", "broker", "keys", "rotate", "--now", "--home", str(home)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=os.environ) for _ in range(2)]
    for process in started:
        _, stderr = process.communicate(timeout=60)
        assert (process.returncode, stderr) == (0, b"")
    active = sorted(key["alg"] for key in listed(run) if key["state"] == "active")
    assert active == ["ES256", "EdDSA", "PS256", "RS256"]


def test_revoke_replaces_lost_keys(run: Run) -> None:
    """CF-11: --revoke needs --now; then every older key is gone, and the output names them and what ended."""
    run("init")
    run("rotate")
    old = {key["kid"] for key in listed(run)}
    assert "--revoke needs --now" in run("rotate", "--revoke", status=2).stderr
    done = json.loads(run("rotate", "--now", "--revoke", "--json").stdout)
    assert set(done["revoked"]) == old
    assert done["ended"] == {"sessions": 0, "grants": 0}
    assert [key["kid"] for key in done["keys"]] == [key["kid"] for key in listed(run)]
    assert {(key["alg"], key["state"]) for key in listed(run)} == {(a, "active") for a in ("RS256", "ES256", "PS256", "EdDSA")}
    shown = run("rotate", "--now", "--revoke").stdout
    assert all(key["kid"] in shown for key in done["keys"])
    assert "sessions ended: 0" in shown


def test_revoke_of_a_saml_key_ends_no_session(run: Run) -> None:
    """CF-11: the other uses stay as they are."""
    run("init")
    signing = listed(run)
    first = json.loads(run("rotate", "--now", "--use", "saml", "--json").stdout)
    done = json.loads(run("rotate", "--now", "--revoke", "--use", "saml", "--json").stdout)
    assert (done["revoked"], done["ended"]) == ([first[0]["kid"]], {})
    assert {key["kid"] for key in listed(run)} == {*(key["kid"] for key in signing), done["keys"][0]["kid"]}
