"""Access to our own pages in a live session: the same gates decide as for applications (HP-36)."""

from __future__ import annotations

from broker.domain.gates import decide
from broker.domain.guest import Person
from broker.domain.login import LIFETIME, Login, LoginPurpose, Session, Stage
from broker.domain.next_step import Step
from broker.domain.visitor import Visitor
from broker.services.core import Core
from broker.services.login.context import LoginContext, LoginContexts
from broker.storage.engine import Connection


class OwnPages:
    """Decides whether a browser sees our own pages without a new sign-in."""

    def __init__(self, core: Core, contexts: LoginContexts) -> None:
        self._db = core.db
        self._clock = core.clock
        self._contexts = contexts

    def open_to(self, visitor: Visitor) -> tuple[Session, Person] | None:
        """The live session of a browser and its person if every gate is satisfied; None: begin a login for the page."""
        with self._db.read() as tx:
            found = self.context(tx, visitor, self._clock())
        return None if found is None or found.session is None or found.person is None else (found.session, found.person)

    def context(self, tx: Connection, visitor: Visitor, now: int) -> LoginContext | None:
        """The same with everything that the gates read.

        The gates read a login for our own pages that begins now and is not stored (SC-06). Changes nothing.
        """
        login = Login(
            id="", reference="", purpose=LoginPurpose.PANEL, stage=Stage.OPEN, created_at=now, expires_at=now + LIFETIME
        )
        found = self._contexts.unsaved(tx, login, visitor)
        if found is None or found.session is None or found.person is None:
            return None
        return found if decide(found.facts).next.step is Step.ISSUE else None
