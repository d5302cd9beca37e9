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
    """heading: the question. lines: what there is to know. choices: the first one is the primary button.

    late: in place of `lines` when the time `ends_at` of the question's data has passed; empty: the same.
    """

    heading: str
    lines: tuple[str, ...]
    choices: tuple[Choice, ...]
    late: tuple[str, ...] = ()


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
        late=(
            _("You answer for %(guest)s (%(email)s) at %(company)s. This access ended on %(ends_at)s."),
            _("You can still restore it."),
        ),
    ),
    QuestionKind.FACTOR_RESET: QuestionText(
        _("Has %(guest)s lost the phone?"),
        (
            _("%(guest)s (%(email)s) signed in at %(partner)s and says that the second step, a phone or a key, is lost."),
            _(
                "Call them before you agree: whoever has stolen the password would ask for the same. If you do nothing, nothing changes."
            ),
        ),
        (
            Choice(
                "yes",
                _("Yes, I have spoken to them: reset it"),
                _("It is reset in three days"),
                _("%(guest)s is told by mail, and can stop it by signing in with the old method."),
            ),
            Choice("no", _("No"), _("Nothing has changed"), _("The second step of %(guest)s stays as it is.")),
        ),
    ),
    QuestionKind.MISMATCH: QuestionText(
        _("Is this the person whom you invited?"),
        (
            _("%(company)s invited %(guest)s (%(email)s). Somebody opened that invitation and signed in at %(at)s as %(tried)s."),
            _(
                "That address is what %(at)s says; we have not checked it. We did not let them in. They can be the same person with another address, or somebody to whom the mail was passed on."
            ),
            _("If you are not sure, ask %(guest)s, not the address that signed in. If you do nothing, nothing changes."),
        ),
        (
            Choice(
                "yes",
                _("Yes, this is the person I invited"),
                _("They can come in now"),
                _("Tell them to open the link in the invitation once more and to sign in as %(tried)s again."),
            ),
            Choice(
                "no",
                _("No, send the invitation again"),
                _("The old link is void"),
                _("A mail with a new link is on its way to %(email)s, and to nobody else."),
            ),
        ),
    ),
}
