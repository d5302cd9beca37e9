"""`broker serve`: gunicorn with threads, the files and keys checked first."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from broker.cli.output import build, home_option


@click.command("serve")
@click.option("--bind", default="127.0.0.1:8080", show_default=True, metavar="HOST:PORT", help="Where to listen.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes.")
@click.option("--threads", default=4, show_default=True, type=click.IntRange(1, 64), help="Threads of each process.")
@home_option
def serve(bind: str, workers: int, threads: int, home: Path) -> None:
    """Serve. A broken file or key keeps it from starting; a partner that is away does not."""
    from broker.domain.audit import SYSTEM

    home = home.resolve()
    broker = build(home)
    if broker.keys.ensure(SYSTEM):
        click.echo("made the first signing keys", err=True)
    broker.close()
    _run(home, bind, workers, threads)


def _run(home: Path, bind: str, workers: int, threads: int) -> None:
    from gunicorn.app.base import BaseApplication

    class Server(BaseApplication):  # type: ignore[misc]  # gunicorn has no types
        """One application a worker, built after the fork: no connection is shared."""

        def load_config(self) -> None:
            """No file, no environment: what the command line said."""
            settings: dict[str, Any] = {
                "bind": bind,
                "workers": workers,
                "threads": threads,
                "worker_class": "gthread",
                "worker_tmp_dir": _memory(),
                "timeout": 60,
                "graceful_timeout": 20,
                "keepalive": 5,
                "limit_request_line": 0,  # our own guard answers 414 with a page (RX-06); gunicorn's cap is the header's
                "limit_request_fields": 100,
                "accesslog": None,  # addresses hold tickets and codes (IN-16, LP-01)
                "errorlog": "-",
                "loglevel": "warning",
                "proc_name": "guest-broker",
                "control_socket_disable": True,
            }
            for name, value in settings.items():
                if name in self.cfg.settings:
                    self.cfg.set(name, value)

        def load(self) -> Any:
            """Runs in the worker."""
            from broker.app import build as construct
            from broker.web import create_web

            return create_web(construct(home))

    Server().run()


def _memory() -> str | None:
    """Gunicorn's heartbeat file belongs into memory where there is some."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - only a heartbeat, made with O_EXCL
