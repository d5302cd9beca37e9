"""The draft of a new application's file: for administrators, checked as the file would be, with a secret that is never invented."""

from __future__ import annotations

import pytest

from broker.domain.errors import Forbidden
from broker.services.applications.drafts import NewApplication
from broker.settings import yaml_tree
from tests.journeys.world import ACTOR
from tests.web.admin import rights_table as table
from tests.web.admin.company import Company
from tests.web.admin.test_staff_guests import actor

EXPENSES = NewApplication(
    client_id="expenses",
    name="Expenses",
    redirect_uris=("https://expenses.contoso.example/callback",),
    owners=("bob@contoso.example",),
    roles=("viewer",),
    request=True,
)


def test_a_whole_draft(company: Company) -> None:
    """Only what differs from a default is written; the secret is a reference to a variable that somebody still has to set."""
    made = company.broker.applications.drafts.write(actor(table.ADMINISTRATOR), EXPENSES)
    assert (made.file, made.problems) == ("config/applications/expenses.yaml", ())
    assert (made.variable, made.variable_missing) == ("EXPENSES_SECRET", True)
    assert yaml_tree.read(made.text.encode(), "x").data == {
        "name": "Expenses",
        "client_secret": "${env:EXPENSES_SECRET}",
        "redirect_uris": ["https://expenses.contoso.example/callback"],
        "owners": ["bob@contoso.example"],
        "assignment_required": True,
        "roles": ["viewer"],
        "self_service": {"request": True},
    }
    assert not (company.home / made.file).exists()


@pytest.mark.parametrize(
    ("values", "key"),
    [
        ({"client_id": "payroll"}, "file"),
        ({"client_id": "../x"}, "file"),
        ({"client_id": "Expenses"}, "file"),
        ({"name": ""}, "name"),
        ({"redirect_uris": ("http://expenses.contoso.example/",)}, "redirect_uris.0"),
        ({"redirect_uris": ("https://ok.example/", "no address")}, "redirect_uris.1"),
        ({"owners": ("nobody",)}, "owners.0"),
        ({"scopes": ("email",)}, "scopes"),
        ({"credential": "jwks_uri", "jwks_uri": "http://10.0.0.1/keys"}, "jwks_uri"),
        ({"name": "${file:keys/root}"}, "name"),
        ({"owners": ("${env:SECRET}",)}, "owners"),
    ],
)
def test_what_is_wrong_is_named_by_its_key(company: Company, values: dict[str, object], key: str) -> None:
    """The messages of the settings; no value of our environment or files is read for a form (CF-01)."""
    wish = NewApplication(**{**{name: getattr(EXPENSES, name) for name in EXPENSES.__slots__}, **values})
    made = company.broker.applications.drafts.write(ACTOR, wish)
    assert key in {one.key for one in made.problems}
    assert all("0123456789" not in one.message for one in made.problems)


def test_only_administrators_draft(company: Company) -> None:
    """AD-02: owners, auditors and the help desk do not write config/."""
    for role in {*table.STAFF} - {table.ADMINISTRATOR}:
        with pytest.raises(Forbidden):
            company.broker.applications.drafts.write(actor(role), EXPENSES)


def test_the_name_of_the_variable() -> None:
    """A name that the environment takes, whatever the client_id."""
    for client_id, variable in (("my-app.eu", "MY_APP_EU_SECRET"), ("7eleven", "APP_7ELEVEN_SECRET"), ("x", "X_SECRET")):
        assert NewApplication(client_id=client_id, name="X").variable == variable
    assert NewApplication(client_id="x", name="X", credential="public").variable == ""
