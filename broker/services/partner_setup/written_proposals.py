"""A finished partner file below var/, for an administrator who copies it into config/ on the server.

Nothing reads var/proposals/: a file there is in force nowhere, and config/ is never written.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from broker.domain.audit import Actor, Event
from broker.domain.errors import Conflict, NotFound
from broker.services.authorization import Right, require
from broker.services.core import Core
from broker.services.history import audit
from broker.services.partner_setup.sandbox import draft_of, metadata_file
from broker.storage.partners import setup_links

FOLDER = "var/proposals"  # relative to the home
EXISTS, CLOSED, CHANGED = "proposal_exists", "proposal_closed", "setup_changed"  # why nothing was written


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenProposal:
    """files: relative to the home, the partner's file last. replaced: an earlier one of that name is gone."""

    files: tuple[str, ...]
    replaced: bool


class WrittenProposals:
    """Writes what was handed over, for its owner alone, each file whole or not at all."""

    def __init__(self, core: Core) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings

    def write(self, actor: Actor, link_id: str, answered_at: int, *, replace: bool = False) -> WrittenProposal:
        """The answer as it was seen. Raises Forbidden, NotFound; Conflict EXISTS, CLOSED, or CHANGED where it is another one now.

        replace: instead of a file of that name that is there.
        """
        now, settings = self._clock(), self._settings()
        with self._db.write() as tx:
            require(tx, settings, actor, Right.KEEP_PARTNERS, now)
            link, answer = setup_links.by_id(tx, link_id), setup_links.answer_of(tx, link_id)
            if link is None or answer is None:
                raise NotFound("there is no such set-up link, or nothing was entered", "setup_link_unknown")
            if link.finished_at is None or link.answered_at != answered_at:
                raise Conflict("it was not handed over, or has changed", CHANGED)
            texts = {f"{link.partner}.yaml": draft_of(link, answer).text}
            if answer.metadata is not None:
                texts = {Path(metadata_file(link.partner)).name: answer.metadata, **texts}
            replaced = _write(settings.path(FOLDER), texts, replace=replace)
            written = WrittenProposal(files=tuple(f"{FOLDER}/{name}" for name in texts), replaced=replaced)
            data: dict[str, object] = {"partner": link.partner, "files": list(written.files), "replaced": replaced}
            audit.record(tx, Event(name="setup_link.proposal_written", actor=actor, target=link.id, data=data), now)
        return written


def _write(folder: Path, texts: Mapping[str, str], *, replace: bool) -> bool:
    """Whether a file of these names was there before."""
    there = any(os.path.lexists(folder / name) for name in texts)
    if there and not replace:
        raise Conflict("a proposal of this name is there", EXISTS)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.is_symlink():
            raise Conflict("the folder is a link to another place", CLOSED)
        for name, text in texts.items():
            _place(folder / name, text, replace=replace)
    except FileExistsError as error:  # another administrator was faster
        raise Conflict("a proposal of this name is there", EXISTS) from error
    except OSError as error:
        raise Conflict(f"the folder cannot be written: {error.strerror}", CLOSED) from error
    return there


def _place(path: Path, text: str, *, replace: bool) -> None:
    """The whole file has its name, or nothing has. A link of that name is replaced itself, never followed."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "w", encoding="utf-8") as out:
        out.write(text)
        out.flush()
        os.fsync(out.fileno())
    try:
        if replace:
            temporary.replace(path)
        else:
            os.link(temporary, path)  # fails where the name is taken, in one step
    finally:
        temporary.unlink(missing_ok=True)
