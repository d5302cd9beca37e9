"""Migrations and tables say the same, on both databases."""

from __future__ import annotations

from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

from broker.domain.ids import new_id, new_reference
from broker.domain.login import Login, LoginPurpose, Stage
from broker.storage import migrate
from broker.storage.directory import people
from broker.storage.engine import Database
from broker.storage.login import logins
from broker.storage.migrations.versions import v0025_login_names, v0028_asserted_names
from broker.storage.tables import metadata
from tests import factories
from tests.clock import START

RENAMED = {
    "anew": "another_account_asked",
    "stepped": "step_up_asked",
    "wish": "own_page_intent",
    "proven": "mailbox_proven",
    "declined": "mailbox_declined",
}


def test_migrations_match_tables(database: Database):
    """A table or column that only one of the two knows is a mistake."""
    with database.write() as tx:
        context = MigrationContext.configure(tx, opts={"compare_type": True, "compare_server_default": False})
        assert compare_metadata(context, metadata) == []


def test_upgrade_again_does_nothing(database: Database):
    """Upgrading is safe on every start."""
    assert migrate.upgrade(database) is False
    assert migrate.current(database) == migrate.head()


def test_the_newest_file_is_the_head():
    """One line of revisions, each named by its file: what a file's name says is what Alembic would upgrade to."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    scripts = ScriptDirectory.from_config(config)
    assert scripts.get_heads() == [migrate.head()]
    assert all(Path(one.path).stem[1:5] == one.revision for one in scripts.walk_revisions())


def test_upgrade_of_an_empty_file_makes_every_table(tmp_path: Path):
    """A new SQLite file, in a folder that does not exist yet."""
    database = Database("sqlite:///var/broker.db", base=tmp_path)
    assert migrate.current(database) is None
    assert migrate.upgrade(database) is True
    with database.read() as tx:
        assert set(metadata.tables) <= set(inspect(tx).get_table_names())
    database.close()


def test_a_login_under_way_keeps_its_state_under_the_new_names(database: Database):
    """0025: the columns are renamed with their values, so that an upgrade ends no sign-in."""
    login = Login(
        id=new_id(), reference=new_reference(), purpose=LoginPurpose.PANEL, stage=Stage.OPEN, created_at=START, expires_at=START + 60,
        another_account_asked=True, step_up_asked=True, own_page_intent="totp", mailbox_proven="a" * 64, mailbox_declined="b" * 64,
    )  # fmt: skip
    with database.write() as tx:
        logins.add(tx, login, browser="c" * 64, address="192.0.2.1")
        for old, new in RENAMED.items():
            tx.exec_driver_sql(f"ALTER TABLE logins RENAME COLUMN {new} TO {old}")
        with Operations.context(MigrationContext.configure(tx)):
            v0025_login_names.upgrade()
        assert logins.by_id(tx, login.id) == login


def test_what_an_identity_asserted_stays_under_the_new_names(database: Database):
    """0028, FA-18: a reassigned subject is still noticed after the upgrade."""
    with database.write() as tx:
        person = factories.saved_person(tx)
        identity = factories.identity(person.id, asserted_email="ada@fabrikam.example", asserted_name="Ada")
        people.bind(tx, identity)
        for name in ("email", "name"):
            tx.exec_driver_sql(f"ALTER TABLE identities RENAME COLUMN asserted_{name} TO said_{name}")
        with Operations.context(MigrationContext.configure(tx)):
            v0028_asserted_names.upgrade()
        found = people.by_identity(tx, identity.partner, identity.issuer, identity.subject)
    assert found is not None
    assert (found.asserted_email, found.asserted_name) == ("ada@fabrikam.example", "Ada")
