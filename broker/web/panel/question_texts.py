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

    late: in place of `lines` when the time `ends_at` of the question's data has passed; empty: the same. fields: that the
    page asks for next to the buttons: `until` (a day, filled in from the data's `wanted_at`) and `words`. quoted: the name in the
    data of somebody's own words, shown as a quotation.
    """

    heading: str
    lines: tuple[str, ...]
    choices: tuple[Choice, ...]
    late: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    quoted: str = ""


TEXTS: Mapping[QuestionKind, QuestionText] = {
    QuestionKind.RENEW: QuestionText(
        _("Does %(guest)s still need access?"),
        (
            _("You're responsible for %(guest)s (%(email)s) at %(company)s. Their access ends on %(ends_at)s."),
            _("If you do nothing, it ends on its own."),
        ),
        (
            Choice(
                "extend",
                _("Extend until %(until_at)s"),
                _("The access continues"),
                _("%(guest)s has access until %(until_at)s. We'll ask you again before it ends."),
            ),
            Choice(
                "end",
                _("Let it end"),
                _("The access ends"),
                _("%(guest)s has access until %(ends_at)s. You don't need to do anything else."),
            ),
        ),
        late=(
            _("You're responsible for %(guest)s (%(email)s) at %(company)s. Their access ended on %(ends_at)s."),
            _("You can still restore it."),
        ),
    ),
    QuestionKind.FACTOR_RESET: QuestionText(
        _("Has %(guest)s lost their phone?"),
        (
            _("%(guest)s (%(email)s) signed in and says they have lost their second step (a phone or a security key)."),
            _(
                "Call them before you agree: somebody who has stolen their password would ask for the same thing. If you do nothing, nothing changes."
            ),
        ),
        (
            Choice(
                "yes",
                _("Yes, I've spoken to them: reset it"),
                _("It will be reset in three days"),
                _("%(guest)s is notified by e-mail and can stop the reset by signing in with the old method."),
            ),
            Choice("no", _("No"), _("Nothing has changed"), _("The second step of %(guest)s stays as it is.")),
        ),
    ),
    QuestionKind.FIRST_METHOD: QuestionText(
        _("May %(guest)s add a second step?"),
        (
            _(
                "%(guest)s (%(email)s) signed in and wants to add a second step, a phone or a key. They have none here at the moment."
            ),
            _(
                "Call them before you agree: somebody who has stolen their password would ask for the same thing. If you do nothing, nothing changes."
            ),
        ),
        (
            Choice(
                "yes",
                _("Yes, I've spoken to them: let them add it"),
                _("They can add it in three days"),
                _("%(guest)s is notified by e-mail, and can object before then."),
            ),
            Choice("no", _("No"), _("Nothing has changed"), _("No second step is added for %(guest)s.")),
        ),
    ),
    QuestionKind.IDENTITY: QuestionText(
        _("Is this still %(guest)s?"),
        (
            _("The account of %(guest)s (%(email)s) at %(at)s now says: %(name)s, %(tried)s."),
            _("Organizations sometimes give an old account to somebody else."),
            _("If you are not sure, ask %(guest)s by phone, not the address above. If you do nothing, nothing changes."),
        ),
        (
            Choice(
                "yes",
                _("Yes, it's the same person"),
                _("Thank you"),
                _("The account is %(guest)s's, with the new address."),
            ),
            Choice(
                "no",
                _("No, stop this access"),
                _("The access is blocked"),
                _("Nobody can sign in as %(guest)s until %(company)s has settled it."),
            ),
        ),
    ),
    QuestionKind.MISMATCH: QuestionText(
        _("Is this the person you invited?"),
        (
            _("%(company)s invited %(guest)s (%(email)s). Somebody opened that invitation and signed in at %(at)s as %(tried)s."),
            _(
                "That address comes from %(at)s; we haven't verified it. We didn't let them in. They may be the same person with another address, or somebody the e-mail was forwarded to."
            ),
            _("If you're not sure, ask %(guest)s, not the address that signed in. If you do nothing, nothing changes."),
        ),
        (
            Choice(
                "yes",
                _("Yes, this is the person I invited"),
                _("They can sign in now"),
                _("Ask them to open the link in the invitation again and sign in as %(tried)s."),
            ),
            Choice(
                "no",
                _("No, send the invitation again"),
                _("The old link no longer works"),
                _("An e-mail with a new link is on its way to %(email)s, and to nobody else."),
            ),
        ),
    ),
    QuestionKind.ACCESS: QuestionText(
        _("May %(guest)s use %(application)s?"),
        (
            _("%(guest)s (%(email)s) asks for access. They wrote:"),
            _("If nobody answers, the request expires."),
        ),
        (
            Choice(
                "approve",
                _("Approve"),
                _("%(guest)s may use %(application)s"),
                _("%(guest)s is notified by e-mail, with your words."),
            ),
            Choice(
                "refuse",
                _("Refuse"),
                _("The request is refused"),
                _("%(guest)s is notified by e-mail, with your words."),
            ),
        ),
        fields=("until", "words"),
        quoted="reason",
    ),
}

WRONG: Mapping[str, tuple[str, str]] = {  # why a field was refused -> (field, what its page says)
    "date": ("until", _("Write the day as year, month and day, such as 2027-01-31.")),
    "until_invalid": ("until", _("This day lies in the past, or after the year 2099. Choose a later day.")),
    "until_late": ("until", _("The application doesn't allow access for so long. Choose an earlier day.")),
    "answer_missing": ("words", _("Write one sentence, so that they know why.")),
    "answer_invalid": ("words", _("At most 1,000 characters.")),
}
