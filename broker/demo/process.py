"""The broker as others meet it: a process of its own at a home, and its command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from broker.demo.relying import SignInFailed, call

START_SECONDS, STOP_SECONDS, COMMAND_SECONDS = 30, 10, 60


class BrokerProcessError(Exception):
    """The broker did not start, or a command refused. The text is one line for a person."""


class BrokerProcess:
    """`broker serve` at one home.

    home: with its config written. port: of 127.0.0.1; the issuer in config/broker.yaml says how it is reached from outside.
    environ: besides the environment of this process.
    """

    def __init__(self, home: Path, issuer: str, port: int, environ: Mapping[str, str] | None = None) -> None:
        self.home, self.issuer, self._port, self._environ = home, issuer, port, dict(environ or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    @property
    def pid(self) -> int:
        """The process id of the running server; 0 if it does not run."""
        return self._process.pid if self._process is not None else 0

    @property
    def last_words(self) -> str:
        """The last line that it wrote."""
        lines = (self.home / "var" / "broker.log").read_text("utf-8", "replace").strip().splitlines()
        return lines[-1] if lines else "it said nothing"

    def start(self) -> None:
        """Make the keys if there are none, start, and wait until it is ready. Raises BrokerError."""
        if not any((self.home / "keys").glob("*")):
            self.run("keys", "init")
        (self.home / "var").mkdir(mode=0o700, exist_ok=True)
        words = [sys.executable, "-m", "broker", "serve", "--bind", f"127.0.0.1:{self._port}"]
        with (self.home / "var" / "broker.log").open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603  our own command
                words, stdout=log, stderr=log, env=self._environment(), start_new_session=True
            )
        until = time.monotonic() + START_SECONDS
        while not self._is_ready():
            if not self.is_running or time.monotonic() > until:
                raise BrokerProcessError(f"the broker did not start: {self.last_words}")
            time.sleep(0.1)

    def _is_ready(self) -> bool:
        try:
            return call("GET", f"http://127.0.0.1:{self._port}/readyz")[0] == 200
        except SignInFailed:
            return False

    def restart(self) -> None:
        """Stop it and start it again, with the files that are there now. Raises BrokerError."""
        self.close()
        self.start()

    def close(self) -> None:
        """Stop it; safe to call twice."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _environment(self) -> Mapping[str, str]:
        return {**os.environ, **self._environ, "BROKER_HOME": str(self.home)}

    def command(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run `broker WORDS` at this home, whatever comes of it."""
        line = [sys.executable, "-m", "broker", *words]
        return subprocess.run(  # noqa: S603  our own command
            line, env=self._environment(), capture_output=True, text=True, check=False, timeout=COMMAND_SECONDS,
            start_new_session=True,  # Ctrl-C is for the demo: it takes its commands along
        )  # fmt: skip

    def run(self, *words: str) -> str:
        """Run `broker WORDS`; what it printed. Raises BrokerError with its own line when it refuses."""
        done = self.command(*words)
        if done.returncode != 0:
            raise BrokerProcessError(f"broker {words[0]}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}")
        return done.stdout

    def ask(self, *words: str) -> Any:
        """The one JSON document of `broker WORDS --json`."""
        return json.loads(self.run(*words, "--json"))

    def invite(self, email: str, application: str, redirect_url: str, *more: str, mail: bool = False) -> dict[str, Any]:
        """An invitation, with a mail or without: `id`, `email`, `status`, `redeem_url`."""
        words = ("invite", email, "--application", application, "--redirect-url", redirect_url, *more)
        found: dict[str, Any] = self.ask(*words, *(() if mail else ("--no-mail",)))
        return found
