"""A root key whose file opens only with a key of a PKCS#11 token (hardware security module, smart card).

The file in `keys/` holds the root key encrypted by AES-GCM under a key that never leaves the token, and where that key is. The broker
asks the token once, when it starts; from then on the root key is in its memory, as any other one (decision 0025).
"""

from __future__ import annotations

import os
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from broker.jose.encoding import b64url_decode, b64url_encode
from broker.keyring.errors import KeyFileError

PIN_FILE = "BROKER_PKCS11_PIN_FILE"  # environment: the path of a file that holds the PIN of the token's user
HEADER = "guest-broker root key in a token, version 1, made "
_FORM = re.compile(
    re.escape(HEADER)
    + r"(?P<made>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\nmodule (?P<module>/[^\n]{1,200})\ntoken (?P<token>[^\n]{1,32})\n"
    r"key (?P<key>[^\n]{1,64})\nsealed (?P<sealed>[A-Za-z0-9_-]{80})\n?\Z"
)
_NONCE, _TAG = 12, 16  # bytes


@dataclass(frozen=True, slots=True)
class TokenKey:
    """Where a key is. module: path of the token's library. token, key: labels."""

    module: str
    token: str
    key: str

    def text(self) -> str:
        """The lines of a root key's file."""
        return f"module {self.module}\ntoken {self.token}\nkey {self.key}\n"


def seal_root(where: TokenKey, made: str, root: bytes) -> str:
    """The text of a file for a new root key. made: its time, ISO 8601. Raises KeyFileError."""
    nonce, head = secrets.token_bytes(_NONCE), f"{HEADER}{made}\n{where.text()}"
    sealed = nonce + _by_token(where, nonce, head, root, encrypt=True)
    text = f"{head}sealed {b64url_encode(sealed)}\n"
    if _FORM.match(text) is None:
        raise KeyFileError("the path of the module begins with /, and labels have at most 32 and 64 characters, in one line")
    return text


def open_root(path: Path, text: str) -> tuple[str, bytes]:
    """Time and key of a file that begins with HEADER. Raises KeyFileError: it names the file, never a PIN or key."""
    match = _FORM.match(text)
    if match is None:
        raise KeyFileError(f"{path}: is not a root key of this broker; restore it, or move it out of the folder")
    where = TokenKey(match["module"], match["token"], match["key"])
    head = f"{HEADER}{match['made']}\n{where.text()}"
    try:
        raw = b64url_decode(match["sealed"])
        return match["made"], _by_token(where, raw[:_NONCE], head, raw[_NONCE:], encrypt=False)
    except (KeyFileError, ValueError) as error:
        raise KeyFileError(f"{path}: {error}") from error


def _by_token(where: TokenKey, nonce: bytes, head: str, data: bytes, *, encrypt: bool) -> bytes:
    """AES-GCM with the token's key, bound to the lines before it. Raises KeyFileError."""
    try:
        import pkcs11
        from pkcs11.mechanisms import GCMParams
    except ImportError as error:
        raise KeyFileError("needs the library python-pkcs11; install guest-broker[pkcs11]") from error
    try:
        token = pkcs11.lib(where.module).get_token(token_label=where.token)
        with token.open(user_pin=_pin()) as session:
            key: Any = session.get_key(object_class=pkcs11.ObjectClass.SECRET_KEY, label=where.key)
            _check(key)
            options = {"mechanism": pkcs11.Mechanism.AES_GCM, "mechanism_param": GCMParams(nonce, head.encode(), _TAG * 8)}
            return bytes(key.encrypt(data, **options) if encrypt else key.decrypt(data, **options))
    except (pkcs11.PKCS11Error, OSError) as error:
        raise KeyFileError(f"the token {where.token!r} does not open it ({type(error).__name__})") from error


def _check(key: Any) -> None:
    """A key that can be read out of the token protects nothing. Raises KeyFileError."""
    from pkcs11 import Attribute, KeyType

    if key.key_type != KeyType.AES or key[Attribute.EXTRACTABLE] or not key[Attribute.SENSITIVE]:
        raise KeyFileError("its key in the token must be an AES key that is sensitive and not extractable")


def _pin() -> str:
    path = os.environ.get(PIN_FILE)
    if not path:
        raise KeyFileError(f"needs the PIN of the token; set {PIN_FILE} to the path of a file that holds it")
    try:
        return Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyFileError(f"{PIN_FILE}: {path} cannot be read") from error
