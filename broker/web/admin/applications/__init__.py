"""Applications in the portal: the list, one application with its people, and the draft of a new file.

Owns: `/admin/applications` and what is below it.
Does not know: who may see or change what, and what a file may say: services and settings decide it.
Offers: `register`.
"""

from __future__ import annotations

from flask import Blueprint

from broker.web.admin.applications import acts, list_page, new, one
from broker.web.admin.door import Door

PARTS = (list_page, new, one, acts)


def register(routes: Blueprint, door: Door) -> None:
    """Every route of applications."""
    for part in PARTS:
        part.register(routes, door)
