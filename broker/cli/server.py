"""Gunicorn as we run it: one application a worker, and SIGHUP that makes workers look at the files instead of replacing them."""

from __future__ import annotations

import gc
import signal
import time
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from gunicorn.workers.gthread import ThreadWorker

from broker.app import Broker
from broker.app import build as construct

_SIGN_OF_LIFE = 1.0  # seconds; the master waits for `timeout`


class Worker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """A process that serves. SIGHUP: look at the files now."""

    _told = 0.0

    def notify(self) -> None:
        """Tell the master that this worker lives: now and then, not several times a request."""
        now = time.monotonic()
        if now - self._told >= _SIGN_OF_LIFE:
            self._told = now
            super().notify()

    def init_signals(self) -> None:
        """As gunicorn does, without a moment in which SIGHUP would end the process."""
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})
        super().init_signals()
        signal.signal(signal.SIGHUP, lambda *_: self.app.wake.put(None))
        signal.siginterrupt(signal.SIGHUP, False)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGHUP})


class Master(Arbiter):  # type: ignore[misc]
    """The process that keeps the workers alive. It holds the last good files, so that a worker can always start."""

    def handle_hup(self) -> None:
        """Gunicorn would start new workers and stop the old ones; ours each load the files beside the old ones."""
        self.kill_workers(signal.SIGHUP)

    def spawn_worker(self) -> Any:
        """The newest good files for the new process: it cannot fail on a file that was broken since."""
        current = self.app.broker.current
        if current.changed():
            current.refresh()
        return super().spawn_worker()


class Server(BaseApplication):  # type: ignore[misc]
    """One application a worker, built after the fork: no connection is shared."""

    def __init__(self, broker: Broker, settings: dict[str, Any]) -> None:
        """broker: built and closed in the master. settings: gunicorn's, all of them."""
        self.broker = broker
        self.wake: SimpleQueue[None] = SimpleQueue()
        self._settings = settings
        super().__init__()

    def load_config(self) -> None:
        """No file, no environment: what the command line said."""
        for name, value in self._settings.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        """Runs in the worker."""
        from broker.web import create_web

        broker = construct(self.broker.current.get().home, before=self.broker)
        application = create_web(broker)
        broker.in_background(self.wake).start()
        gc.collect()
        gc.freeze()  # what was built here lives as long as the process: the collector need not look at it again and again
        return application

    def run(self) -> None:
        """Serve until told to stop."""
        Master(self).run()


def run(broker: Broker, *, bind: str, workers: int, threads: int) -> None:
    """Serve the home of a broker that was built and closed."""
    settings = {
        "bind": bind,
        "workers": workers,
        "threads": threads,
        "worker_class": Worker,
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
    Server(broker, settings).run()


def _memory() -> str | None:
    """Gunicorn's heartbeat file belongs into memory where there is some."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - only a heartbeat, made with O_EXCL
