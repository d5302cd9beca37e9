"""Lists of guests to add: the file is read and judged row by row first, and nothing leaves; then its owner lets the work begin."""

from __future__ import annotations

from collections.abc import Mapping

from broker.domain import guest_list
from broker.domain.audit import Actor
from broker.domain.errors import CommandError, Conflict, Invalid, NotFound
from broker.domain.ids import new_reference
from broker.domain.job import Job, JobKind, JobRow, JobState, RowResult
from broker.domain.times import after_last_moment
from broker.services.authorization import Right, require
from broker.services.core import Core
from broker.services.invitations.additions import AdditionForecast, GuestAddition, GuestAdditions
from broker.services.invitations.request import InvitationRequest
from broker.services.jobs import rules
from broker.services.jobs.rules import owner_of
from broker.storage.operations import jobs

COLUMNS = ("email", "name", "message", "language", "application", "role", "group", "until", "sponsor", "redirect_url")
MOST = 1_000  # rows of one file: as many as one person may invite in a day (IN-15)
_ADDRESS = 320  # characters


class GuestImports:
    """Read a file, and begin."""

    def __init__(self, core: Core, additions: GuestAdditions) -> None:
        self._db = core.db
        self._clock = core.clock
        self._settings = core.settings
        self._additions = additions

    def read(self, actor: Actor, raw: bytes) -> str:
        """Reads a file and judges its rows; returns the id of the draft. Raises Forbidden, Invalid (a file that cannot be read)."""
        now = self._clock()
        text = guest_list.decoded(raw)
        lines = []
        for line in guest_list.rows(text.splitlines(keepends=True), COLUMNS):
            lines.append(line)
            if len(lines) > MOST:
                raise Invalid(f"more than {MOST} guests in one file; make two of it", "file_rows")
        if not lines:
            raise Invalid("the file has a head, and no rows", "file_empty")
        kind, owner = owner_of(actor)
        job = Job(
            id=new_reference(),
            kind=JobKind.IMPORT,
            state=JobState.DRAFT,
            owner_kind=kind,
            owner=owner,
            created_at=now,
            total=len(lines),
        )
        with self._db.write() as tx:
            rights = require(tx, self._settings(), actor, Right.INVITE, now)
            found = self._additions.forecast(tx, actor, rights, [_wish(cells) for _, cells in lines], now)
            jobs.add(tx, job)
            jobs.add_rows(tx, job.id, [_row(*line, one) for line, one in zip(lines, found, strict=True)])
        return job.id

    def begin(self, actor: Actor, job_id: str) -> None:
        """Lets the rows without a fault be added. Raises Forbidden, NotFound, Conflict (it began already, no row can be added)."""
        now = self._clock()
        with self._db.write() as tx:
            require(tx, self._settings(), actor, Right.INVITE, now)
            job = jobs.by_id(tx, job_id, lock=True)
            if job is None or job.kind is not JobKind.IMPORT or (job.owner_kind, job.owner) != owner_of(actor):
                raise NotFound(f"there is no job {job_id!r}", "job_unknown")
            if set(jobs.forecasts(tx, job.id)) <= {RowResult.FAILED}:
                raise Conflict("no row of this file can be added", "job_empty")
            rules.begin(tx, actor, job, now, terms={})


def wish_of(cells: Mapping[str, str]) -> GuestAddition:
    """What a row asks for. Raises Invalid."""
    until = cells.get("until")
    return GuestAddition(
        invitation=InvitationRequest(
            email=cells.get("email", ""),
            redirect_url=cells.get("redirect_url"),
            name=cells.get("name", ""),
            message=cells.get("message", "").replace("\r\n", "\n"),
            language=cells.get("language"),
            application=cells.get("application"),
            sponsor=cells.get("sponsor"),
            until=after_last_moment(until) if until else None,
            mail=True,
        ),
        role=cells.get("role", ""),
        group=cells.get("group"),
    )


def _wish(cells: dict[str, str] | str) -> GuestAddition | CommandError:
    if isinstance(cells, str):
        return Invalid(cells, "row_cells")
    try:
        return wish_of(cells)
    except CommandError as error:
        return error


def _row(position: int, cells: dict[str, str] | str, found: AdditionForecast | CommandError) -> JobRow:
    given = {} if isinstance(cells, str) else cells
    if isinstance(found, CommandError):
        email = given.get("email", "")[:_ADDRESS]
        return JobRow(position=position, email=email, cells=given, forecast=RowResult.FAILED, problem=found.reason)
    problem = "lookalike" if found.lookalike else ""
    return JobRow(position=position, email=found.email, cells=given, forecast=found.result, problem=problem)
