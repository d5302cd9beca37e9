"""Guests in the portal: the list, one guest, what can be done to them.

Owns: `/admin/guests` and what is below it.
Does not know: who may do what to which guest: services decide it.
Offers: `register`.
"""

from __future__ import annotations

from flask import Blueprint

from broker.web.admin.door import Door
from broker.web.admin.guests import acts, add, bulk, columns, export, list_page, many, one

PARTS = (list_page, columns, export, add, many, bulk, one, acts)


def register(routes: Blueprint, door: Door) -> None:
    """Every route of guests."""
    for part in PARTS:
        part.register(routes, door)
