"""Constructs the outbox, in which other subjects queue their mails."""

from __future__ import annotations

from collections.abc import Callable

from broker.keyring.seal import Sealer
from broker.services.core import Core
from broker.services.messages.outbox import Outbox, Write
from broker.settings.load import Settings


class MailWriter:
    """Writes mails with the templates and catalogues of the web floor. It imports them for the first mail only."""

    def __init__(self, settings: Callable[[], Settings]) -> None:
        self._settings = settings
        self._write: Write | None = None

    def __call__(self) -> Write:
        """The function that renders a mail."""
        if self._write is None:
            from broker.web.mails import Mails

            self._write = Mails(self._settings).write
        return self._write


def wire_outbox(core: Core, sealer: Sealer) -> Outbox:
    """The outbox: other subjects queue their mails in it."""
    return Outbox(core, sealer, MailWriter(core.settings))
