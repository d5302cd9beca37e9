"""Drafts of partners' files by an administrator: judged as the file would be, and never written."""

from __future__ import annotations

from dataclasses import dataclass

from broker.domain.audit import Actor
from broker.domain.ids import new_secret
from broker.services.authorization import Right, require
from broker.services.core import Core
from broker.settings.draft import judge
from broker.settings.errors import ConfigError
from broker.settings.partner_draft import PartnerDraft

REFERENCE = "${"  # what begins a reference to another value; only the broker's own words may hold one


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftedFile:
    """A draft with what is wrong with it. replaces: a file of this name is in force."""

    draft: PartnerDraft
    errors: tuple[ConfigError, ...]
    replaces: bool


class PartnerDrafts:
    """Writes nothing: an administrator puts the file into config/."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def judge(self, actor: Actor, wish: PartnerDraft, secret: str = "") -> DraftedFile:
        """The draft, judged together with the files that are there. secret: the environment variable that its `client_secret` names.

        The variable counts as set. Raises Forbidden.
        """
        settings = self._settings()
        with self._db.read() as tx:
            require(tx, settings, actor, Right.KEEP_PARTNERS, self._clock())
        environ = {secret: new_secret()} if secret else {}
        errors = _references(wish, secret) or judge(settings.home, environ, wish.draft).errors
        return DraftedFile(draft=wish, errors=errors, replaces=wish.id in settings.partners)


def _references(wish: PartnerDraft, secret: str) -> tuple[ConfigError, ...]:
    """A value that reads another one: refused before anything is read."""
    own = f"${{env:{secret}}}"
    values = {"name": wish.name, **{f"{wish.section}.{key}": value for key, value in wish.keys.items()}}
    values |= {f"domains.{place}": value for place, value in enumerate(wish.domains)}
    values |= {f"claims.{key}": value for key, value in wish.claims.items()}
    values |= {f"trust.{key}": value for key, value in wish.trust.items()}
    wrong = [key for key, value in values.items() if REFERENCE in str(value) and not (secret and value == own)]
    message = "holds a reference ${...}; write the value itself"
    return tuple(ConfigError(wish.file, 1, key, message) for key in wrong)
