"""Our own pages within a live session: the same gates as everywhere, so that nothing is left open behind a policy (HP-36)."""

from __future__ import annotations

from collections.abc import Callable

from broker.domain.gates import Step, decide
from broker.domain.guest import Person
from broker.domain.login import LIFETIME, Login, LoginPurpose, Session, Stage
from broker.domain.policy import Rulebook
from broker.domain.visitor import Visitor
from broker.services.login import facts
from broker.services.sessions.present import present
from broker.services.sessions.sessions import Sessions
from broker.settings.load import Settings
from broker.storage.engine import Database


class OwnPages:
    """Who may see them as they are, without signing in once more."""

    def __init__(
        self,
        db: Database,
        clock: Callable[[], int],
        settings: Callable[[], Settings],
        sessions: Sessions,
        policies: Callable[[], Rulebook],
    ) -> None:
        self._db = db
        self._clock = clock
        self._settings = settings
        self._sessions = sessions
        self._policies = policies

    def open_to(self, visitor: Visitor) -> tuple[Session, Person] | None:
        """The live session of a browser and its person, if every gate lets them in now; None: begin a login for the page.

        The gates look at a login that is not saved: one for our own pages, begun this moment (SC-06). Changes nothing.
        """
        now = self._clock()
        with self._db.read() as tx:
            login = Login(
                id="", reference="", purpose=LoginPurpose.PANEL, stage=Stage.OPEN, created_at=now, expires_at=now + LIFETIME
            )
            here = present(tx, login, lambda: self._sessions.of_cookie(tx, visitor.session_cookie, now), lock=False)
            if here.session is None:
                return None
            found = facts.gather(tx, login, here, self._settings(), now, policies=self._policies(), address=visitor.address)
        return (here.session, found.person) if found.person is not None and decide(found.facts).next.step is Step.ISSUE else None
