"""`/admin/guests/export`: the list as CSV, with its filters. No cell is a formula to a spreadsheet (AD-09)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from flask import Blueprint, Response

from broker.domain.text import cell
from broker.domain.times import iso
from broker.services.authorization import Right
from broker.services.guests.views import GuestRow
from broker.web import headers
from broker.web.admin.door import Door, StaffVisit
from broker.web.admin.guests import search
from broker.web.admin.guests.column_choice import COLUMNS as LIST_COLUMNS
from broker.web.admin.guests.column_choice import read
from broker.web.admin.lists import ListState

COLUMNS = ("id", "email", "name", "state", "partner", "sponsor", "expires_at", "last_sign_in", "created_at")
_LINES = 500  # of one part of the answer


def register(routes: Blueprint, door: Door) -> None:
    """The download."""

    @routes.get(f"{search.PATH}/export")
    @door.page(Right.EXPORT_GUESTS)
    def export_guests(visit: StaffVisit) -> Response:
        shown = search.read()
        rows = door.broker.guests.staff_view.export(visit.actor, search.search(shown))
        response = headers.private(Response(written(rows, _heads(shown)), mimetype="text/csv"))
        response.headers["Content-Disposition"] = 'attachment; filename="guests.csv"'
        return response


def _heads(shown: ListState) -> tuple[str, ...]:
    """Who it is, and the columns of the address; all of them where it names none."""
    chosen = read(shown.filters.get(search.COLUMNS, ""))
    if chosen is None:
        return COLUMNS
    return ("id", "email", "name", *(head for name in chosen for head in LIST_COLUMNS[name].heads))


def written(rows: Iterator[GuestRow], heads: tuple[str, ...] = COLUMNS) -> Iterator[str]:
    """The lines of the file, some at a time. heads: of its columns."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    writer.writerow(heads)
    for number, one in enumerate(rows, 1):
        cells = dict(zip(COLUMNS, _cells(one), strict=True))
        writer.writerow([cells[head] for head in heads])
        if number % _LINES == 0:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _cells(one: GuestRow) -> list[str]:
    times = [iso(at) if at is not None else "" for at in (one.expires_at, one.last_sign_in, one.created_at)]
    return [cell(text) for text in (one.id, one.email, one.name, one.state.value, one.partner or "", one.sponsor or "", *times)]
