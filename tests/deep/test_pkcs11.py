"""A root key in SoftHSM, Debian's PKCS#11 token in software: made by the command, opened by a server, refused for each fault."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pkcs11
import pytest
from pkcs11 import Attribute, KeyType

from broker.demo.process import BrokerProcess
from broker.demo.serving import free_port
from broker.keyring.errors import KeyFileError
from broker.keyring.root import create_root, load_roots
from broker.keyring.seal import Sealer
from broker.keyring.token import PIN_FILE, TokenKey
from tests.settings.homes import ENVIRON, good

ROOT = Path(__file__).resolve().parents[2]
LIBRARY = "/usr/lib/softhsm/libsofthsm2.so"
PIN = "482916"


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a token with a key, another key, and one that can be read out; the folder has the file of the PIN."""
    subprocess.run([ROOT / "scripts" / "need", "softhsm2-util=softhsm2"], check=True)
    folder = tmp_path_factory.mktemp("softhsm")
    (folder / "tokens").mkdir()
    (folder / "softhsm2.conf").write_text(f"directories.tokendir = {folder / 'tokens'}\nobjectstore.backend = file\n")
    (folder / "pin").write_text(f"{PIN}\n")
    (folder / "wrong").write_text("000000\n")
    os.environ["SOFTHSM2_CONF"] = str(folder / "softhsm2.conf")  # the library reads it once a process
    line = ["softhsm2-util", "--init-token", "--free", "--label", "hsm", "--pin", PIN, "--so-pin", "77665544"]
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL)
    with pkcs11.lib(LIBRARY).get_token(token_label="hsm").open(user_pin=PIN, rw=True) as session:
        for label in ("root", "other"):
            session.generate_key(KeyType.AES, 256, label=label, store=True)
        loose = {Attribute.EXTRACTABLE: True, Attribute.SENSITIVE: False}
        session.generate_key(KeyType.AES, 256, label="loose", store=True, template=loose)
    return folder


@pytest.fixture(autouse=True)
def _pin(token: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PIN_FILE, str(token / "pin"))


def where(key: str = "root", token: str = "hsm") -> TokenKey:
    return TokenKey(LIBRARY, token, key)


def test_sealed_and_opened(tmp_path: Path) -> None:
    """HT-14, HT-15: the file holds no key; with the token it is the same root key each time, beside a plain one."""
    path = create_root(tmp_path, where=where())
    assert path.stat().st_mode & 0o777 == 0o600
    roots = load_roots(tmp_path)
    sealed = Sealer(roots).seal(b"secret", "test")
    assert Sealer(load_roots(tmp_path)).open(sealed, "test") == b"secret"
    create_root(tmp_path)
    both = load_roots(tmp_path)
    assert len(both.by_id) == 2
    assert both.newest.id != roots.newest.id
    assert Sealer(both).open(sealed, "test") == b"secret"


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        ("key root", "key other", "the token 'hsm' does not open it"),
        ("key root", "key nobody", "the token 'hsm' does not open it (NoSuchKey)"),
        ("key root", "key loose", "must be an AES key that is sensitive and not extractable"),
        ("token hsm", "token hsn", "the token 'hsn' does not open it (NoSuchToken)"),
        ("made 2", "made 3", "the token 'hsm' does not open it"),
    ],
)
def test_every_line_is_bound(tmp_path: Path, old: str, new: str, found: str) -> None:
    """A changed line opens nothing: another key, another token, another time."""
    path = create_root(tmp_path, where=where())
    path.write_text(path.read_text().replace(old, new))
    with pytest.raises(KeyFileError) as refusal:
        load_roots(tmp_path)
    assert str(refusal.value).startswith(f"{path}: ")
    assert found in str(refusal.value)


def test_the_pin(tmp_path: Path, token: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without it, with a wrong one, with a file that is not there: one line, and the PIN is in none of them."""
    create_root(tmp_path, where=where())
    for value, found in (
        ("", "needs the PIN"),
        (str(token / "none"), "cannot be read"),
        (str(token / "wrong"), "(PinIncorrect)"),
    ):
        monkeypatch.setenv(PIN_FILE, value)
        with pytest.raises(KeyFileError) as refusal:
            load_roots(tmp_path)
        assert found in str(refusal.value)
        assert "000000" not in str(refusal.value)


def test_a_key_that_can_be_read_out_seals_nothing(tmp_path: Path) -> None:
    """No file is made under a key that protects nothing."""
    with pytest.raises(KeyFileError, match="sensitive and not extractable"):
        create_root(tmp_path, where=where("loose"))
    assert list(tmp_path.iterdir()) == []


def test_the_command(tmp_path: Path) -> None:
    """`broker keys init --pkcs11` makes root key and ring; without the token the same home opens nothing."""
    home = good(tmp_path / "home")

    def broker(*words: str, **more: str) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, **ENVIRON, "BROKER_HOME": str(home), **more}
        return subprocess.run([sys.executable, "-m", "broker", *words], env=environ, capture_output=True, text=True, check=False)

    done = broker("keys", "init", "--pkcs11", LIBRARY, "--token", "hsm", "--key", "root")
    assert done.returncode == 0, done.stderr
    assert "root key created" in done.stdout
    assert broker("keys", "rotate", "--now").returncode == 0
    server = BrokerProcess(home, "https://login.contoso.example", free_port(), ENVIRON)
    try:
        server.start()  # until /readyz says that the keys can be used, in a process that was forked after the token was asked
    finally:
        server.close()
    refused = broker("keys", "rotate", "--now", SOFTHSM2_CONF="/dev/null")
    assert refused.returncode != 0
    assert "does not open it" in refused.stderr
    assert broker("keys", "init", "--pkcs11", LIBRARY).returncode == 2
