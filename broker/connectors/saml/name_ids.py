"""A NameID as the partner wrote it: single logout names the person by it (core 2.2.3, 3.7.1)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Final

from broker.saml.parse import Element, collapse

UNSPECIFIED: Final = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"  # where none is given (core 2.2.2)
MAX_NAME: Final = 1024  # characters of the value, and of each qualifier


@dataclass(frozen=True, slots=True)
class NameIdentifier:
    """The parts of one NameID; None where the partner wrote no attribute."""

    value: str
    form: str | None = None
    qualifier: str | None = None
    sp_qualifier: str | None = None

    def mark(self, partner: str, ours: str) -> str:
        """The text by which two NameIDs of one person are equal; an omitted qualifier is the partner's entity id, or ours (core 8.3.7).

        The signature of this partner covers both messages, so that default cannot name another partner's person.
        """
        parts = [self.form or UNSPECIFIED, self.qualifier or partner, self.sp_qualifier or ours, self.value]
        return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))

    def to_text(self, session_index: str | None) -> str:
        """What a LogoutRequest needs, as one text. session_index: of the AuthnStatement, if it has one."""
        return json.dumps([self.value, self.form, self.qualifier, self.sp_qualifier, session_index], ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> tuple[NameIdentifier, str | None]:
        """The inverse of `to_text`."""
        *parts, session_index = json.loads(text)
        return cls(*parts), session_index


def name_identifier(element: Element | None) -> NameIdentifier | None:
    """The NameID of an element that a verified signature covers; None without element, value, or with parts that are too long."""
    if element is None or not element.text:
        return None
    form = element.get("Format")
    found = NameIdentifier(
        element.text,
        None if form is None else collapse(form),
        element.get("NameQualifier"),
        element.get("SPNameQualifier"),
    )
    parts = (found.value, found.form or "", found.qualifier or "", found.sp_qualifier or "")
    return None if any(len(part) > MAX_NAME for part in parts) else found
