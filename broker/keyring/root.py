"""Root keys: files of `keys/`, the same on every node; the newest seals, each opens what it sealed (HT-15)."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from broker.domain.times import from_iso, iso
from broker.jose.encoding import b64url_decode, b64url_encode
from broker.keyring import token
from broker.keyring.errors import KeyFileError

SUFFIX = ".key"
_HEADER = "guest-broker root key, version 1, made "
_FORM = re.compile(re.escape(_HEADER) + r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)\n([A-Za-z0-9_-]{43})\n?\Z")
_MAX_BYTES = 1024


@dataclass(frozen=True, slots=True, repr=False)
class RootKey:
    """One file. id: a hash of the key, stands in what it sealed. made_at: seconds since 1970, from the file itself. in_token: a token encrypts it."""

    id: str
    key: bytes
    made_at: int
    path: Path
    in_token: bool = False

    def __repr__(self) -> str:
        return f"RootKey(id={self.id!r}, path={str(self.path)!r})"


@dataclass(frozen=True, slots=True)
class Roots:
    """The root keys of a home, by id. `newest` seals."""

    by_id: Mapping[str, RootKey]
    newest: RootKey


def load_roots(directory: Path) -> Roots:
    """Every `*.key` of the folder. Raises KeyFileError where one is missing, malformed or too widely readable (CF-03)."""
    try:
        paths = sorted(path for path in directory.iterdir() if path.suffix == SUFFIX and not path.name.startswith("."))
    except OSError as error:
        raise KeyFileError(f"{directory}: cannot be read ({_why(error)}); run `broker keys init`") from error
    if not paths:
        raise KeyFileError(f"{directory}: holds no root key; run `broker keys init`, or deploy the one of the other nodes")
    roots = [_load(path) for path in paths]
    return Roots({root.id: root for root in roots}, max(roots, key=lambda root: (root.made_at, root.path.name)))


def create_root(
    directory: Path, clock: Callable[[], int] = lambda: int(time.time()), where: token.TokenKey | None = None
) -> Path:
    """Make a root key file, mode 0600, and the folder if it is missing; the file's path.

    A second key is younger than those that lie there, so that it seals from now on. where: the key of a PKCS#11 token under
    which the file is encrypted; None: the file holds the key itself. Raises KeyFileError.
    """
    try:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        made_at = max([clock(), *(root.made_at + 1 for root in _existing(directory))])
        made = datetime.fromtimestamp(made_at, UTC)
        path = directory / f"root-{made:%Y%m%dT%H%M%SZ}{SUFFIX}"
        key = secrets.token_bytes(32)
        plain = f"{_HEADER}{iso(made_at)}\n{b64url_encode(key)}\n"
        text = plain if where is None else token.seal_root(where, iso(made_at), key)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "w", encoding="ascii") as file:
            os.fchmod(handle, 0o600)  # whatever the umask was
            file.write(text)
            file.flush()
            os.fsync(handle)
    except OSError as error:
        raise KeyFileError(f"{error.filename or directory}: cannot be written ({_why(error)})") from error
    return path


def _existing(directory: Path) -> list[RootKey]:
    return list(load_roots(directory).by_id.values()) if any(directory.glob(f"*{SUFFIX}")) else []


def _load(path: Path) -> RootKey:
    text = _read(path)
    in_token = text.startswith(token.HEADER)
    try:
        made, key = token.open_root(path, text) if in_token else _plain(text)
        made_at = from_iso(made)
    except ValueError as error:
        raise KeyFileError(f"{path}: is not a root key of this broker; restore it, or move it out of the folder") from error
    return RootKey(hashlib.sha256(b"guest-broker root key id\n" + key).hexdigest()[:16], key, made_at, path, in_token)


def _plain(text: str) -> tuple[str, bytes]:
    """Time and key of a file that holds the key itself. Raises ValueError."""
    match = _FORM.match(text)
    if match is None:
        raise ValueError("another form")
    return match[1], b64url_decode(match[2])


def _read(path: Path) -> str:
    """The file's text, after its target's mode was judged on the open handle: no time between check and use."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # a pipe would wait for a writer
    except OSError as error:
        raise KeyFileError(f"{path}: cannot be read ({_why(error)})") from error
    try:
        found = os.fstat(handle)
        if not stat.S_ISREG(found.st_mode):
            raise KeyFileError(f"{path}: is not a file; a root key is a file of mode 0600 or 0440")
        mode = stat.S_IMODE(found.st_mode)
        if mode & ~0o600 and mode & ~0o440:
            raise KeyFileError(f"{path}: has mode {mode:04o}, others could read it; run `chmod 0600 {path}` (or 0440)")
        return os.read(handle, _MAX_BYTES).decode("ascii", "replace")
    finally:
        os.close(handle)


def _why(error: OSError) -> str:
    return (error.strerror or "error").lower()
