"""`broker serve`: gunicorn with threads, the files and keys checked first."""

from __future__ import annotations

import os
from pathlib import Path

import click

from broker.cli.output import build, home_option, refuse


@click.command("serve")
@click.option("--bind", default="127.0.0.1:8080", show_default=True, metavar="HOST:PORT", help="Where to listen.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes.")
@click.option("--threads", default=16, show_default=True, type=click.IntRange(1, 64), help="Threads of each process.")
@home_option
def serve(bind: str, workers: int, threads: int, home: Path) -> None:
    """Serve. A broken file or key keeps it from starting; a partner that is away does not.

    Changes of config/ are taken up within seconds, at once on SIGHUP; a broken file is told and not used.
    """
    from broker.domain.audit import SYSTEM

    if os.environ.get("FLASK_DEBUG", "0").lower() not in ("", "0", "false", "no"):  # CF-01
        refuse("FLASK_DEBUG is set: the broker does not serve in debug mode; unset it")
    broker = build(home.resolve())
    if broker.keys.ensure(SYSTEM):
        click.echo("made the first signing keys", err=True)
    broker.partners.saml.ensure_keys()
    for warning in broker.policies.missing_groups():
        click.echo(f"warning: {warning}", err=True)
    broker.close()
    from broker.server.master import run

    run(broker, bind=bind, workers=workers, threads=threads)
