"""FC-04: what `broker serve` says at its start, and where it cannot start."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from broker import __version__
from tests.cli.conftest import Serving, run


def test_fc_04_the_first_line(serving: Serving) -> None:
    """FC-04: one line with issuer, address, processes, home and version; no warning where the port is the issuer's."""
    issuer = f"http://localhost:{serving.port}"
    line = f"guest-broker {__version__}: {issuer} is served at 127.0.0.1:{serving.port} by 2 processes of 16 threads; home {serving.home}"
    assert line in serving.log().splitlines()
    assert "warning:" not in serving.log()


def test_fc_04_a_busy_port(home: Path) -> None:
    """FC-04: one line at once, exit status 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        began = time.monotonic()
        done = run(home, "serve", "--bind", bind)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"cannot listen at {bind}: another process listens there; stop it, or choose another port with --bind\n"
    assert time.monotonic() - began < 30  # gunicorn would try again and again


@pytest.mark.parametrize(
    "bind", ["8080", "localhost", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:70000", "::1:8080", "http://localhost:80", ""]
)
def test_fc_04_a_bind_that_is_none(home: Path, bind: str) -> None:
    """FC-04: wrong usage, exit status 2, and what to write."""
    done = run(home, "serve", "--bind", bind)
    assert done.returncode == 2
    assert "write it like 127.0.0.1:8080" in " ".join(done.stderr.split())
    assert "Traceback" not in done.stderr


def test_fc_04_an_address_of_another_machine(home: Path) -> None:
    """FC-04: an address or name that is not here is one line."""
    done = run(home, "serve", "--bind", "192.0.2.1:8080")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "this machine has no such address" in done.stderr
    done = run(home, "serve", "--bind", "nowhere.invalid:8080")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "knows no address of nowhere.invalid" in done.stderr
