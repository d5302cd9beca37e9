"""The form of a sign-up: each field has one rule, and nothing is looked up, so that the answer tells nothing of anybody (LP-04)."""

from __future__ import annotations

import re
from collections.abc import Mapping

from broker.domain.errors import Invalid
from broker.domain.sign_up import Attribute, SignUp
from broker.services.access_requests.answering import checked_words
from broker.services.addresses import parse
from broker.settings.application_file import ApplicationFile

MAX_NAME, MAX_ATTRIBUTE = 100, 100  # characters
_PHONE = re.compile(r"\+?[0-9][0-9 ()./-]{4,29}", re.ASCII)


def checked_form(file: ApplicationFile, typed: Mapping[str, str], language: str) -> tuple[str, SignUp]:
    """The canonical address and the sign-up. typed: by name of the field: email, name, reason, and each attribute of the file.

    Raises Invalid; its reason is `FIELD_missing` or `FIELD_invalid`, for the first field that is wrong.
    """
    name = _line(typed.get("name", ""), "name", MAX_NAME)
    try:
        email = parse(typed.get("email", "").strip())
    except Invalid as error:
        raise Invalid(error.message, "email_invalid") from None
    attributes: dict[str, str] = {
        one: checked_attribute(Attribute(one), typed.get(one, "")) for one in file.self_service.attributes
    }
    reason = checked_words(typed.get("reason", ""), "reason")
    return email, SignUp(application=file.client_id, name=name, reason=reason, language=language, attributes=attributes)


def checked_attribute(attribute: Attribute, typed: str) -> str:
    """The value of one attribute. Raises Invalid."""
    value = _line(typed, attribute.value, MAX_ATTRIBUTE)
    if attribute is Attribute.PHONE and _PHONE.fullmatch(value) is None:
        raise Invalid("write a telephone number, such as +31 20 123 4567", "phone_invalid")
    return value


def _line(typed: str, field: str, most: int) -> str:
    """One line of plain text."""
    value = " ".join(typed.split())
    if not value:
        raise Invalid(f"the {field} is missing", f"{field}_missing")
    if len(value) > most or not value.isprintable():
        raise Invalid(f"the {field} must be one line of at most {most} characters", f"{field}_invalid")
    return value
