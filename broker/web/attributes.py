"""What the attributes of a sign-up are called."""

from __future__ import annotations

from collections.abc import Mapping

from broker.domain.sign_up import Attribute
from broker.web.i18n import Translator, _

LABELS: Mapping[Attribute, str] = {
    Attribute.COMPANY: _("Company"),
    Attribute.DEPARTMENT: _("Department"),
    Attribute.JOB_TITLE: _("Job title"),
    Attribute.CITY: _("City"),
    Attribute.COUNTRY: _("Country"),
    Attribute.PHONE: _("Telephone number"),
    Attribute.EMPLOYEE_NUMBER: _("Employee number"),
}


def labelled(attributes: Mapping[str, str], say: Translator, *, plain: bool = False) -> list[dict[str, str]]:
    """The attributes of a request for a page or, plain, for the text of a mail: [{"label", "value"}]."""
    translate = say.plain if plain else say.gettext
    return [{"label": translate(LABELS[Attribute(name)]), "value": value} for name, value in attributes.items()]
