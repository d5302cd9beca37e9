"""One documented rule for mail addresses: the domain in IDNA A-labels, all in lower case, plus-tags kept (IN-13)."""

from __future__ import annotations

import email_validator

from broker.domain.address import domain_of
from broker.domain.errors import Invalid
from broker.settings.load import Settings


def canonical(text: str) -> str | None:
    """The form that is stored and compared, or None if `text` is not one plain address."""
    try:
        return parse(text)
    except Invalid:
        return None


def parse(text: str) -> str:
    """Like `canonical`, raising Invalid with a line that says what is wrong (never repeating control characters)."""
    if len(text) > 254 or any(ord(c) < 32 or ord(c) == 127 for c in text):
        raise Invalid(
            "the address holds a line break or control character, or is too long; give one plain address", "address_invalid"
        )
    try:
        found = email_validator.validate_email(text.strip(), check_deliverability=False, test_environment=True)
    except email_validator.EmailNotValidError as error:
        raise Invalid(f"not a mail address: {error}", "address_invalid") from error
    domain = found.ascii_domain.lower()
    return f"{found.local_part.lower()}@{domain}"


def is_of_members(settings: Settings, email: str) -> bool:
    """Whether an address is of the company's own staff, who sign in as members and are never guests (FA-07)."""
    authority = settings.partner_of_domain(domain_of(email))
    return authority is not None and authority.members
