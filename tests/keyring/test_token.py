"""Root keys in a PKCS#11 token, as far as no token is needed; tests/deep/test_pkcs11.py has one."""

from __future__ import annotations

from pathlib import Path

import pytest

from broker.jose.encoding import b64url_encode
from broker.keyring.errors import KeyFileError
from broker.keyring.root import create_root, load_roots
from broker.keyring.token import HEADER, PIN_FILE, TokenKey

SEALED = b64url_encode(bytes(60))
GOOD = f"{HEADER}2026-11-30T10:00:00Z\nmodule /nowhere/lib.so\ntoken hsm\nkey guest-broker\nsealed {SEALED}\n"


def line(folder: Path) -> str:
    """The one line of the refusal."""
    with pytest.raises(KeyFileError) as refusal:
        load_roots(folder)
    text = str(refusal.value)
    assert "\n" not in text
    return text.removeprefix(f"{folder / 'root.key'}: ")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """keys/ with a file that names a library which is not there."""
    (tmp_path / "root.key").write_text(GOOD)
    (tmp_path / "root.key").chmod(0o600)
    return tmp_path


def test_no_library(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """CF-03: one line that names file and token."""
    monkeypatch.delenv(PIN_FILE, raising=False)
    assert line(folder) == "the token 'hsm' does not open it (PKCS11Error)"


@pytest.mark.parametrize(
    "text",
    [
        GOOD.replace("module /nowhere", "module nowhere"),
        GOOD.replace("token hsm\n", ""),
        GOOD.replace(SEALED, SEALED[:-4]),
        GOOD.replace("10:00:00Z", "10:00"),
        GOOD + "more",
    ],
)
def test_other_forms(folder: Path, text: str) -> None:
    """CF-03: nothing is loaded for a file of another form."""
    (folder / "root.key").write_text(text)
    assert line(folder) == "is not a root key of this broker; restore it, or move it out of the folder"


def test_the_mode_counts_as_for_every_root_key(folder: Path) -> None:
    """HT-15: the library that it names is code of ours, so nobody else may write or read it."""
    (folder / "root.key").chmod(0o644)
    assert "has mode 0644" in line(folder)


def test_nothing_is_left_without_a_token(tmp_path: Path) -> None:
    """A key that cannot be protected is not written."""
    with pytest.raises(KeyFileError, match="does not open it"):
        create_root(tmp_path / "keys", where=TokenKey("/nowhere/lib.so", "hsm", "root"))
    assert list((tmp_path / "keys").iterdir()) == []
