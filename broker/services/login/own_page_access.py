"""Our own pages within a live session: the same gates as everywhere, so that nothing is left open behind a policy (HP-36)."""

from __future__ import annotations

from collections.abc import Callable

from broker.domain.gates import decide
from broker.domain.guest import Person
from broker.domain.login import LIFETIME, Login, LoginPurpose, Session, Stage
from broker.domain.next_step import Step
from broker.domain.visitor import Visitor
from broker.services.login.context import LoginContexts
from broker.storage.engine import Database


class OwnPages:
    """Who may see them as they are, without signing in once more."""

    def __init__(self, db: Database, clock: Callable[[], int], contexts: LoginContexts) -> None:
        self._db = db
        self._clock = clock
        self._contexts = contexts

    def open_to(self, visitor: Visitor) -> tuple[Session, Person] | None:
        """The live session of a browser and its person, if every gate lets them in now; None: begin a login for the page.

        The gates look at a login that is not saved: one for our own pages, begun this moment (SC-06). Changes nothing.
        """
        now = self._clock()
        login = Login(
            id="", reference="", purpose=LoginPurpose.PANEL, stage=Stage.OPEN, created_at=now, expires_at=now + LIFETIME
        )
        with self._db.read() as tx:
            found = self._contexts.unsaved(tx, login, visitor)
        if found is None or found.session is None or found.person is None:
            return None
        return (found.session, found.person) if decide(found.facts).next.step is Step.ISSUE else None
