"""`broker serve`: gunicorn with threads, the files and keys checked first."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

import click

from broker import __version__
from broker.cli.listening import Bind, BindType, other_port, problem, started
from broker.cli.options import home_option
from broker.cli.output import build, refuse
from broker.cli.state import readable_by_others

_log = logging.getLogger("broker.serve")


@click.command("serve")
@click.option(
    "--bind", type=BindType(), default="127.0.0.1:8080", show_default=True, metavar="HOST:PORT", help="The address to listen at."
)
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="The number of processes.")
@click.option(
    "--threads", default=16, show_default=True, type=click.IntRange(1, 64), help="The number of threads of each process."
)
@click.option(
    "--log-format",
    default="text",
    show_default=True,
    type=click.Choice(["text", "json"]),
    help="How lines of the log are written: for people, or one JSON object a line.",
)
@home_option
def serve(bind: Bind, workers: int, threads: int, log_format: str, home: Path) -> None:
    """Start the server. It does not start with an invalid file or key; an unreachable partner doesn't matter.

    Changes of config/ take effect within seconds, at once on SIGHUP; invalid files are reported and ignored.
    """
    from broker.domain.audit import Actor

    if os.environ.get("FLASK_DEBUG", "0").lower() not in ("", "0", "false", "no"):  # CF-01
        refuse("FLASK_DEBUG is set: the broker does not serve in debug mode; unset it")
    home = home.resolve()
    broker = build(home)
    said = problem(bind)
    if said is not None:
        refuse(said)
    say = _teller(log_format)
    settings = broker.core.settings()
    for line in (*readable_by_others(settings.broker, home), other_port(settings, bind)):
        if line:
            say(line)
    if broker.keys.ensure(Actor.system()):
        say("created the first signing keys")
    broker.partners.families.over_saml.our_side.ensure_keys()
    for warning in broker.policies.missing_groups():
        say(f"warning: {warning}")
    broker.close()
    from broker.server.log_lines import LogFormat, to_standard_error
    from broker.server.master import run

    if log_format == LogFormat.TEXT:
        to_standard_error(LogFormat.TEXT)
    line = started(settings, bind, workers=workers, threads=threads, home=home, version=__version__)
    run(broker, bind=bind.text, workers=workers, threads=threads, ready=lambda: say(line), log_format=LogFormat(log_format))


def _teller(log_format: str) -> Callable[[str], None]:
    """Says a line about the start: plainly, or as an object of the log."""
    if log_format == "text":
        return lambda line: click.echo(line, err=True)
    from broker.server.log_lines import LogFormat, to_standard_error

    to_standard_error(LogFormat.JSON)
    return lambda line: _log.info("serve.start %s", line)
