"""What a worker counts and measures about its own work."""

from __future__ import annotations

from collections.abc import Callable

from broker.services.metrics import Meter, figures


class Measured:
    """The figures of one worker, for `/metrics`."""

    def __init__(
        self, meter: Meter, database: Callable[[], tuple[int, int]], refused_files: Callable[[], int], threads: int
    ) -> None:
        """database: (connections in use, limit). refused_files: errors of config files. threads: of this worker."""
        self._meter = meter
        self._database = database
        self._refused_files = refused_files
        self._threads = threads

    def now(self, *, connections: int, working: int, waiting: int) -> None:
        """About once a second. working: connections whose request is with the threads, or waits for one."""
        used, limit = self._database()
        for figure, value in (
            (figures.WORKERS, 1),
            (figures.THREADS, self._threads),
            (figures.BUSY, min(self._threads, max(0, working - waiting))),
            (figures.WAITING, waiting),
            (figures.CONNECTIONS, connections),
            (figures.POOL_USED, used),
            (figures.POOL_LIMIT, limit),
            (figures.REFUSED_FILES, self._refused_files()),
        ):
            self._meter.measure(figure, value)

    def response(self, said: bytes, *, shed: bool) -> None:
        """A response of the application or of the server, as its bytes. shed: no work was done for the request."""
        self._meter.response(int(said[9:12]))
        if shed:
            self._meter.count(figures.SHED)
