"""Gunicorn as we run it: one application a worker, and SIGHUP that makes workers look at the files instead of replacing them."""

from __future__ import annotations

import gc
import signal
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any
from urllib.parse import urlsplit

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter

from broker.app import Broker
from broker.app import build as construct
from broker.server.health import HealthAnswer
from broker.server.log_lines import JsonLines, JsonLogger, LogFormat
from broker.server.measured import Measured
from broker.server.worker import Worker
from broker.services.metrics import Board, Meter

_FURTHER = 8  # workers beyond `--workers` (SIGTTIN) whose figures are seen


class Master(Arbiter):  # type: ignore[misc]
    """The process that keeps the workers alive. It holds the last good files, so that a worker can always start."""

    def handle_hup(self) -> None:
        """Gunicorn would start new workers and stop the old ones; ours each load the new files while the old ones serve."""
        self.kill_workers(signal.SIGHUP)

    def spawn_worker(self) -> Any:
        """The newest good files for the new process: it cannot fail on a file that was broken since. Its figures: a free page."""
        current = self.app.broker.files
        if current.changed():
            current.refresh()
        taken = {worker.page for worker in self.WORKERS.values()}
        self.app.page = next((page for page in range(self.app.board.pages) if page not in taken), None)
        return super().spawn_worker()


class Server(BaseApplication):  # type: ignore[misc]
    """One application a worker, built after the fork: no connection is shared."""

    def __init__(self, broker: Broker, settings: dict[str, Any]) -> None:
        """broker: built and closed in the master. settings: gunicorn's, all of them."""
        self.broker = broker
        self.board = Board(int(settings["workers"]) + _FURTHER)  # before the first fork: every worker has it
        self.page: int | None = None  # of the board, for the worker that is started next
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
        from broker.web import body_limit, create_web
        from broker.web.error_context import log_id

        JsonLines.request_id = staticmethod(log_id)
        broker = construct(self.broker.core.settings().home, before=self.broker, threads=self.cfg.threads, meter=self._meter)
        self.measured = Measured(broker.meter, broker.core.db.connections, lambda: len(broker.files.errors), self.cfg.threads)
        application = create_web(broker)
        prefix = urlsplit(broker.core.settings().issuer).path.rstrip("/")
        self.health = HealthAnswer(application, [""] + ([prefix] if prefix else []))
        self.body_limit = body_limit
        broker.in_background(self.wake).start()
        gc.collect()
        gc.freeze()  # what was built here lives as long as the process: the collector need not look at it again and again
        return application

    def _meter(self, settings: Callable[[], Any]) -> Meter:
        return Meter(settings, self.board if self.page is not None else None, self.page or 0)

    def ended(self, _master: Any, worker: Any) -> None:
        """A worker is gone: what it measured is no more, what it counted stays."""
        if worker.page is not None:
            self.board.leave(worker.page)

    def run(self) -> None:
        """Serve until a signal says stop."""
        self.cfg.set("child_exit", self.ended)
        Master(self).run()


def run(broker: Broker, *, bind: str, workers: int, threads: int, ready: Callable[[], None], log_format: LogFormat) -> None:
    """Serve the home of a broker that was built and closed. ready: called when the socket listens."""

    def when_ready(_arbiter: Any) -> None:
        ready()

    settings = {
        "bind": bind,
        "workers": workers,
        "threads": threads,
        "worker_class": Worker,
        "worker_tmp_dir": _memory(),
        "timeout": 60,
        "graceful_timeout": 20,
        "limit_request_line": 0,  # the loop's limit is broker/server/framing.py, the application's answers with a page (RX-06, FA-11)
        "limit_request_fields": 100,
        "forwarded_allow_ips": "",  # FA-22: nobody's headers say script name, path or scheme here; web/request.py judges forwarded ones
        "forwarder_headers": "",
        "secure_scheme_headers": {},
        "accesslog": None,  # addresses hold tickets and codes (IN-16, LP-01)
        "errorlog": "-",
        "loglevel": "warning",
        "proc_name": "guest-broker",
        "when_ready": when_ready,
        "control_socket_disable": True,
    }
    if log_format is LogFormat.JSON:
        settings["logger_class"] = JsonLogger
    Server(broker, settings).run()


def _memory() -> str | None:
    """Gunicorn's heartbeat file belongs into memory where there is some."""
    return "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 - only a heartbeat, made with O_EXCL
