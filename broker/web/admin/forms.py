"""Forms of the portal: every field is known, and comes once (AD-02: nothing is assigned that no field of ours asks for)."""

from __future__ import annotations

from collections.abc import Collection

from flask import Request

from broker.domain.errors import BadRequest
from broker.web.csrf import FIELD as CSRF
from broker.web.request import single


class PostedForm:
    """The fields of a POST. Raises BadRequest for a field that is not among `known`, or that comes twice."""

    def __init__(self, request: Request, known: Collection[str]) -> None:
        unknown = set(request.form) - {*known, CSRF}
        if unknown:
            raise BadRequest("field_unknown")
        self.values: dict[str, str] = {name: single(request.form, name) for name in known}

    def get(self, name: str) -> str:
        """The value, "" where the field is missing."""
        return self.values.get(name, "")
