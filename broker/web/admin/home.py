"""`/admin`: where the portal begins."""

from __future__ import annotations

from flask import Blueprint, Response

from broker.services.authorization import Right
from broker.web.admin.door import Door, StaffVisit

PATH = "/admin"


def register(routes: Blueprint, door: Door) -> None:
    """The first page."""

    @routes.get(PATH)
    @door.page(Right.SEE_HOME)
    def admin_home(visit: StaffVisit) -> Response:
        return door.render(visit, "admin_home.html", here=PATH, keep={})
