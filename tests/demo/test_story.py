"""The demo as a newcomer meets it: the whole story holds; the command starts, stops and fails in one clear line."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from broker.demo.browser import Browser
from broker.demo.cast import Cast, run_until_stopped
from broker.demo.process import BrokerProcess, BrokerProcessError
from broker.demo.serving import LoopbackServer, PortTaken, free_port
from broker.demo.story import steps, tell
from broker.demo.story.scene import Scene


def test_story(tmp_path: Path) -> None:
    """OU-01 to OU-24 as the demo plays them: every step of `demo --once` holds on a fresh home."""
    said: list[str] = []
    with Cast(tmp_path / "demo", 0) as cast:
        held = tell(cast, said.append)
    assert held, "\n".join(line for line in said if not line.startswith("ok"))
    assert len(said) == len(steps()) + 1
    assert said[-1] == f"{len(steps())} of {len(steps())} steps held"
    assert not cast.broker.is_running


def test_story_without_a_broker(tmp_path: Path) -> None:
    """Nothing holds when nobody answers: each step says so, and none ends the run."""
    said: list[str] = []
    cast = Cast(tmp_path / "demo", 0)
    cast.broker.start = lambda: None  # type: ignore[method-assign]
    cast.broker.command = lambda *words: subprocess.CompletedProcess(words, 1, "", "")  # type: ignore[method-assign]
    with cast:
        assert tell(cast, said.append) is False
        assert said.pop() == f"0 of {len(steps())} steps held"
        assert len(said) == len(steps())
        assert all(line.startswith("FAIL") for line in said), "\n".join(said)
        assert Scene(cast).upstream() == 0


def _demo(home: Path, *words: str) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "broker", "demo", "--home", str(home), *words]
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_command_starts_and_stops(tmp_path: Path) -> None:
    """`broker demo` prints where to click, serves all of it, and Ctrl-C ends every part."""
    with _demo(tmp_path / "demo", "--port", "0") as process:
        assert process.stdout is not None
        lines: list[str] = []
        try:
            for line in process.stdout:
                lines.append(line)
                if "Ctrl-C ends it" in line:
                    break
            addresses = [word for line in lines for word in line.split() if word.startswith("http://")]
            pages = {Browser().get(address).name for address in addresses if address.endswith("/")}
            assert pages >= {"mailbox", "application", "partner-home"}, "".join(lines) or "it printed nothing"
            assert "" not in pages
            mailbox = Browser().get(addresses[0])
            assert len([href for _, href in mailbox.document.links if "localhost" in href]) >= 2
        finally:
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert "stopping" in out
    for address in addresses:
        host, port = address.removeprefix("http://").partition("/")[0].split(":")
        LoopbackServer(host if host != "localhost" else "127.0.0.1", int(port)).close()


def test_command_says_which_port_is_taken(tmp_path: Path) -> None:
    """One line, exit status 1, nothing left behind."""
    taken = LoopbackServer("127.0.0.1")
    try:
        with _demo(tmp_path / "demo", "--port", str(taken.port)) as process:
            _, err = process.communicate(timeout=60)
    finally:
        taken.close()
    assert process.returncode == 1
    assert err.splitlines() == [
        f"demo: port {taken.port} of 127.0.0.1 cannot be used (Address already in use): stop what listens there, or choose another with --port"
    ]


def test_cast_says_which_port_is_taken(tmp_path: Path) -> None:
    """The same for the cast's port, after which nobody listens."""
    while True:
        taken = LoopbackServer("127.0.0.5")
        port = taken.port - 1
        try:
            LoopbackServer("127.0.0.1", port).close()
            break
        except PortTaken:
            taken.close()
    try:
        with pytest.raises(PortTaken, match=r"of 127\.0\.0\.5"):
            Cast(tmp_path / "demo", port)
    finally:
        taken.close()
    LoopbackServer("127.0.0.2", port + 1).close()


def test_broker_that_does_not_start(tmp_path: Path) -> None:
    """A broken file is one line with file and key; the cast is gone with it."""
    cast = Cast(tmp_path / "demo", 0)
    (tmp_path / "demo" / "config" / "policies" / "odd.yaml").write_text("name: Odd\nstat: enabled\n", "utf-8")
    with pytest.raises(BrokerProcessError, match=r"odd\.yaml:2: stat"):
        cast.__enter__()
    assert not cast._servers


def test_process_that_dies(tmp_path: Path) -> None:
    """Keys are there, the config is not: the last words of the process are told."""
    home = tmp_path / "demo"
    (home / "keys").mkdir(parents=True)
    (home / "keys" / "root").touch()
    process = BrokerProcess(home, "http://localhost:1", free_port())
    with pytest.raises(BrokerProcessError, match="did not start"):
        process.start()
    process.close()


def test_demo_ends_when_the_broker_does(tmp_path: Path) -> None:
    """The interactive demo notices that the broker is gone."""
    said: list[str] = []
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with Cast(tmp_path / "demo", 0) as cast:
        assert cast.broker._process is not None
        try:
            assert run_until_stopped(cast, lambda line: said.append(line) if "Ctrl-C" not in line else cast.broker.close()) == 1
        finally:
            signal.signal(signal.SIGINT, before[0])
            signal.signal(signal.SIGTERM, before[1])
    assert said[-1].startswith("the broker stopped: ")
