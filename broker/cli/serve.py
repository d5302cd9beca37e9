"""`broker serve`: gunicorn with threads, the files and keys checked first."""

from __future__ import annotations

import os
from pathlib import Path

import click

from broker import __version__
from broker.cli.listening import Bind, BindType, other_port, problem, started
from broker.cli.options import home_option
from broker.cli.output import build, refuse
from broker.cli.state import readable_by_others


@click.command("serve")
@click.option(
    "--bind", type=BindType(), default="127.0.0.1:8080", show_default=True, metavar="HOST:PORT", help="The address to listen at."
)
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="The number of processes.")
@click.option(
    "--threads", default=16, show_default=True, type=click.IntRange(1, 64), help="The number of threads of each process."
)
@home_option
def serve(bind: Bind, workers: int, threads: int, home: Path) -> None:
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
    settings = broker.core.settings()
    for line in (*readable_by_others(settings.broker, home), other_port(settings, bind)):
        if line:
            click.echo(line, err=True)
    if broker.keys.ensure(Actor.system()):
        click.echo("created the first signing keys", err=True)
    broker.partners.families.over_saml.our_side.ensure_keys()
    for warning in broker.policies.missing_groups():
        click.echo(f"warning: {warning}", err=True)
    broker.close()
    from broker.server.master import run

    _log_to_standard_error()

    line = started(settings, bind, workers=workers, threads=threads, home=home, version=__version__)
    run(broker, bind=bind.text, workers=workers, threads=threads, ready=lambda: click.echo(line, err=True))


def _log_to_standard_error() -> None:
    """Our own lines from INFO on, with their time in UTC; libraries keep theirs to warnings (LP-01)."""
    import logging
    import time

    from broker.domain.times import ISO

    lines = logging.Formatter("%(asctime)s %(levelname)s %(message)s", ISO)
    lines.converter = time.gmtime
    handler = logging.StreamHandler()
    handler.setFormatter(lines)
    ours = logging.getLogger("broker")
    ours.addHandler(handler)
    ours.setLevel(logging.INFO)
    ours.propagate = False
