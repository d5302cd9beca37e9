"""What can be wrong with keys, said in one line for the person at the terminal."""

from __future__ import annotations

from broker.domain.errors import SetupError


class KeyFileError(SetupError):
    """A key file, or the ring it should open, is not what it must be: names the file and what to do. Never a key."""

    def __init__(self, message: str) -> None:
        super().__init__("key_file", message)

    def __str__(self) -> str:
        return self.detail


class SealError(SetupError):
    """Sealed text that does not open: reason seal_format, seal_root_unknown (detail: the root key's id) or seal_broken."""


class NoActiveKey(SetupError):
    """The ring has no active key for this use and algorithm; `broker keys init` makes one. Reason no_active_key."""
