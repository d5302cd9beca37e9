"""The columns of the list of guests: the address names them; a browser keeps the choice for the next address that names none."""

from __future__ import annotations

from flask import Blueprint, Response, request

from broker.domain.errors import BadRequest
from broker.domain.times import YEAR
from broker.services.authorization import Right
from broker.web import csrf
from broker.web.admin.door import Door, StaffVisit
from broker.web.admin.guests import search
from broker.web.admin.guests.column_choice import COLUMNS, USUAL, joined, read
from broker.web.admin.lists import ListState
from broker.web.cookies import CookiePurpose

PATH = f"{search.PATH}/columns"
_FIELDS = {csrf.FIELD, "column"}


def chosen(door: Door, shown: ListState) -> tuple[str, ...]:
    """The columns of this request: of the address, else as this browser chose before, else the usual ones."""
    named = shown.filters.get(search.COLUMNS) or door.browser.cookies.read(request, CookiePurpose.COLUMNS)
    found = read(named) if named else None
    return USUAL if found is None else found


def register(routes: Blueprint, door: Door) -> None:
    """The button of the choice: it changes how this browser shows the list, and nothing else."""

    @routes.post(PATH)
    @door.button(Right.SEE_GUESTS, back=search.PATH)
    def choose_columns(visit: StaffVisit) -> Response:
        shown, sent = search.read(search.PATH), request.form.getlist("column")
        if set(request.form) - _FIELDS or not set(sent) <= set(COLUMNS):
            raise BadRequest("bad_value", "column")
        value = joined([name for name in COLUMNS if name in sent])
        response = door.go(visit, ListState(search.PATH, {**shown.filters, search.COLUMNS: value}).url())
        door.browser.cookies.set(response, CookiePurpose.COLUMNS, value, max_age=YEAR)
        return response
