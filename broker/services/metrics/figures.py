"""Every figure that a process counts or measures by itself. What the database knows is in storage/operations/figures.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

OTHER = "other"  # in the place of each label, where a figure has too many different ones
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class FigureKind(StrEnum):
    """What may be done with a figure: the types of Prometheus."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One figure. labels: names. bounds: the upper ends of a histogram's buckets, in seconds, without the last one, which has none."""

    name: str
    kind: FigureKind
    help: str
    labels: tuple[str, ...] = ()
    bounds: tuple[float, ...] = ()

    @property
    def size(self) -> int:
        """Numbers of one sample: a value, or a histogram's buckets (each by itself) and the sum."""
        return len(self.bounds) + 2 if self.kind is FigureKind.HISTOGRAM else 1


@dataclass(frozen=True, slots=True)
class FigureReading:
    """A figure as it is now: values of the labels -> the numbers of `Figure.size`."""

    figure: Figure
    samples: Mapping[tuple[str, ...], tuple[float, ...]]


def _counter(name: str, text: str, *labels: str) -> Figure:
    return Figure(name=name, kind=FigureKind.COUNTER, help=text, labels=labels)


def _gauge(name: str, text: str) -> Figure:
    return Figure(name=name, kind=FigureKind.GAUGE, help=text)


LOGINS = _counter("broker_logins_total", "Ends of sign-ins", "application", "partner", "outcome")
POLICIES = _counter("broker_policy_results_total", "Results of policies in sign-ins that ended", "policy", "state", "result")
REFUSALS = _counter("broker_refusals_total", "Refused requests, by the code that the caller got and our reason", "code", "reason")
STEPS = Figure(
    name="broker_step_seconds",
    kind=FigureKind.HISTOGRAM,
    help="Time of one request of a sign-in or of the protocol, in seconds",
    labels=("step",),
    bounds=_SECONDS,
)
RESPONSES = _counter("broker_responses_total", "Responses, by status", "status")
SHED = _counter(
    "broker_requests_shed_total", "Complete requests that were refused because too many waited, or they waited for too long"
)
STARTS = _counter("broker_worker_starts_total", "Started workers")
WORKERS = _gauge("broker_workers", "Workers that serve")
THREADS = _gauge("broker_threads", "Threads that work on requests")
BUSY = _gauge("broker_threads_busy", "Threads that work on a request now")
WAITING = _gauge("broker_requests_waiting", "Complete requests that wait for a thread")
CONNECTIONS = _gauge("broker_connections", "Open connections")
POOL_USED = _gauge("broker_database_connections_used", "Connections to the database that are in use")
POOL_LIMIT = _gauge("broker_database_connections_limit", "Connections to the database that may be in use")
REFUSED_FILES = _gauge(
    "broker_config_errors", "Errors of config files that are not in use because of them, counted by each worker"
)

FIGURES = (
    LOGINS, POLICIES, REFUSALS, STEPS, RESPONSES, SHED, STARTS, WORKERS, THREADS, BUSY, WAITING, CONNECTIONS, POOL_USED, POOL_LIMIT,
    REFUSED_FILES,
)  # fmt: skip
