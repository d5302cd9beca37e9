"""The texts of an error page, as broker/web/error_table.py lists them."""

from __future__ import annotations

from dataclasses import dataclass

from broker.web.i18n import _


@dataclass(frozen=True, slots=True)
class ErrorText:
    """What a page says. sentence: what happened, the heading. advice: what the person can do now. action: the button.

    asks: only the company can help, so that is the button. again: the same address may answer later.
    named: the sentence where the names in it (application, partner) are known.
    """

    status: int
    sentence: str
    advice: str
    action: str = _("Try again")
    asks: bool = False
    again: bool = False
    named: str = ""
