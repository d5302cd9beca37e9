"""The `broker` command.

Owns: the commands with their options, output and exit codes. Each command is a module that imports what it uses when it runs.
Does not know: SQL, HTTP and the rules that a service keeps.
Offers: `broker`, the command group, and `guarded`, which turns errors into exit codes.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any

import click

from broker import __version__
from broker.cli.output import refuse

_COMMANDS = {  # name: (module, what `broker --help` says); a table, so that help imports none of them
    "serve": ("serve", "Serve the broker."),
    "check": ("check", "Check all config files, with --online the partners too."),
    "keys": ("keys", "Manage keys: init, rotate, list, import."),
    "db": ("db", "Manage the database: upgrade, backup, restore, restored, copy, preflight."),
    "admin-link": ("admin_link", "Print a one-time link for an administrator."),
    "invite": ("invite", "Invite a guest, or many from a CSV file."),
    "guests": ("guests", "List, show, block, renew and delete guests."),
    "groups": ("groups", "List, show, create, fill and delete groups."),
    "invitations": ("invitations", "Manage invitations: list, show, revoke, resend."),
    "assign": ("assign", "Let a guest or group use an application."),
    "unassign": ("assign", "Remove an assignment."),
    "requests": ("requests", "List, show, approve and refuse requests for access."),
    "jobs": ("jobs", "Show, stop and continue work on many guests."),
    "reviews": ("reviews", "Review who has access: list, show, start, export."),
    "policy": ("policy", "Try policies: what-if, replay, export."),
    "sign-ins": ("sign_ins", "Explain sign-ins and refusals."),
    "applications": ("applications", "List and show applications."),
    "partners": ("partners", "List, show and refresh partners."),
    "setup-links": ("setup_links", "Make links for the IT of partners: list, create, revoke, domains, propose, secret."),
    "mail": ("mail", "Send a test e-mail."),
    "webhooks": ("webhooks", "List, test and replay webhooks."),
    "doctor": ("doctor", "Find what is wrong with a partner or application."),
    "audit": ("audit", "Verify and export the audit."),
    "maintain": ("maintain", "Delete expired data, refresh cached documents."),
    "schema": ("schema", "Print the JSON Schema of a config file."),
    "demo": ("demo", "Start the demo, or play its story with --once."),
}


class Lazy(click.Group):
    """A group that loads a command when it is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the table."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, None for an unknown one."""
        if cmd_name not in _COMMANDS:
            return None
        module = importlib.import_module(f"broker.cli.{_COMMANDS[cmd_name][0]}")
        command: click.Command = getattr(module, cmd_name.replace("-", "_"))
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, from the table."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])

    def invoke(self, ctx: click.Context) -> Any:
        """Run; what is refused on purpose is one clear line and exit 1."""
        return guarded(lambda: super(Lazy, self).invoke(ctx))


def guarded(run: Callable[[], Any]) -> Any:
    """Turn what we raise on purpose into one line on standard error and exit 1."""
    from broker.domain.errors import BrokerError, Unavailable

    try:
        return run()
    except Unavailable as error:
        refuse(f"the database cannot be used now ({error.detail}); check database: in config/broker.yaml, or try again")
    except BrokerError as error:  # SetupError included: config files, key files, sealed data
        refuse(str(error))
    except Exception as error:
        if type(error).__module__.startswith("sqlalchemy"):
            refuse(
                f"the database cannot be used ({type(error).__name__}); run `broker db upgrade`, and check database: in config/broker.yaml"
            )
        raise


@click.command(cls=Lazy, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, message="%(version)s")
def broker() -> None:
    """Let guests from other organizations sign in with the accounts they already have, under rules you control."""


__all__ = ["broker"]
