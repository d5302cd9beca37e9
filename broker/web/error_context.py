"""What a handler knows that the error page of its request needs: one record a request."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from flask import g, has_request_context

from broker.domain.ids import new_reference

if TYPE_CHECKING:
    from broker.domain.errors import PageError
    from broker.web.signin.error_recovery import Ways


@dataclass(slots=True)
class ErrorContext:
    """A handler fills in what it learns; `errors.py` reads it where the handler fails.

    reference: of the login at hand. retry_url: where the person can try again. ui_locales: of the page. names: `application`
    and `partner`, where they are known. ways_on: given the error, where to go on, or None.
    """

    reference: str | None = None
    retry_url: str | None = None
    ui_locales: Sequence[str] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    ways_on: Callable[[PageError], Ways | None] | None = None


def error_context() -> ErrorContext:
    """The record of the request at hand."""
    if "error_context" not in g:
        g.error_context = ErrorContext()
    context: ErrorContext = g.error_context
    return context


def log_id() -> str | None:
    """What lines of the log about the request at hand have in common; None outside of a request. A page's reference is another id."""
    if not has_request_context():
        return None
    if "log_id" not in g:
        g.log_id = new_reference()
    found: str = g.log_id
    return found
