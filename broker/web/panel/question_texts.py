"""What the page of a question says, by kind. A new kind adds its entry here, its answers and their handlers in app.py.

%(guest)s, %(email)s, %(partner)s and %(company)s are known in every text, and each name of the question's data; one that
ends in `_at` is shown as a date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from broker.domain.question import QuestionKind
from broker.web.i18n import _


@dataclass(frozen=True, slots=True)
class Choice:
    """One button. done, more: heading and sentence of the page that follows."""

    answer: str
    label: str
    done: str
    more: str


@dataclass(frozen=True, slots=True)
class QuestionText:
    """heading: the question. lines: what there is to know. choices: the first one is the primary button."""

    heading: str
    lines: tuple[str, ...]
    choices: tuple[Choice, ...]


TEXTS: Mapping[QuestionKind, QuestionText] = {
    QuestionKind.RENEW: QuestionText(
        _("Does %(guest)s still need access?"),
        (
            _("You answer for %(guest)s (%(email)s) at %(company)s. This access ends on %(ends_at)s."),
            _("If you do nothing, it ends by itself."),
        ),
        (
            Choice(
                "extend",
                _("Extend until %(until_at)s"),
                _("The access goes on"),
                _("%(guest)s has access until %(until_at)s. We ask you again before it ends."),
            ),
            Choice(
                "end",
                _("Let it end"),
                _("The access ends"),
                _("%(guest)s has access until %(ends_at)s, and no longer. You need not do anything else."),
            ),
        ),
    ),
}
