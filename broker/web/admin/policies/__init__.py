"""`/admin/policies`: the policies of the files, one of them, what-if, the replay of a draft, and the file of a new one.

Owns: the pages and their words.
Does not know: what a policy decides: services and domain do.
Offers: `register`.
"""

from __future__ import annotations

from flask import Blueprint

from broker.web.admin.door import Door
from broker.web.admin.policies import list_page, new, replay, what_if

__all__ = ["register"]


def register(routes: Blueprint, door: Door) -> None:
    """Every route of policies."""
    list_page.register(routes, door)
    what_if.register(routes, door)
    replay.register(routes, door)
    new.register(routes, door)
