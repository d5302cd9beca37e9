"""`broker demo`: the cast on this machine's loopback addresses, or the story of a guest without a browser."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

import click

_PORT = 8080
_MISSING = "this installation does not contain the demo; run `make demo` in a checkout of the source code"


@click.command("demo")
@click.option("--once", is_flag=True, help="Play the story without a browser, print what each step proved, and end.")
@click.option(
    "--home",
    type=click.Path(path_type=Path),
    help="The demo's folder.  [default: var/demo, with --port var/demo-PORT; --once: a new folder]",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65534),
    default=_PORT,
    show_default=True,
    help="The broker's port; the other servers use the next one. 0: free ports.",
)
def demo(once: bool, home: Path | None, port: int) -> None:
    """Start a broker with partners, applications and a mailbox, and print the addresses to open."""
    temporary = Path(tempfile.mkdtemp(prefix="broker-demo-")) if once and home is None else None
    try:
        sys.exit(_run(once, temporary or home or Path("var/demo" if port == _PORT else f"var/demo-{port}"), port))
    finally:
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)


def _run(once: bool, home: Path, port: int) -> int:
    """The exit status: 0 if all held, 1 with one clear line otherwise."""
    if find_spec("broker.demo") is None:  # fake partners are in no wheel and no image
        click.echo(f"demo: {_MISSING}", err=True)
        return 1
    from broker.demo.cast import Cast, run_until_stopped
    from broker.demo.process import BrokerProcessError
    from broker.demo.serving import PortTaken
    from broker.demo.story import tell

    signal.signal(signal.SIGTERM, signal.default_int_handler)  # the cast ends with the demo, however that ends
    try:
        with Cast(home, port) as cast:
            return (0 if tell(cast) else 1) if once else run_until_stopped(cast)
    except (BrokerProcessError, PortTaken, OSError) as error:
        click.echo(f"demo: {error}", err=True)
        return 1
    except KeyboardInterrupt:
        return 1 if once else 0
