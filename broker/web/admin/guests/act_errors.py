"""What acts on one guest and on many refuse alike: reason -> the field and its text."""

from __future__ import annotations

from broker.web.i18n import _

SHARED = {
    "until_invalid": ("until", _("This day lies in the past. Choose a day from today on.")),
    "until_missing": ("until", _("Choose the last day of the access.")),
    "reason_invalid": ("reason", _("Write the reason on one line of at most 1,000 characters.")),
}
OTHER = ("reason", _("This is not possible. Look at what you entered."))
