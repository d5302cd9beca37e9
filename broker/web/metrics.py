"""`/metrics`, and what the web application counts for it."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator

from flask import Flask, Response, g, request
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.metrics_core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric

from broker.services.metrics import FigureKind, FigureReading, Meter
from broker.web import headers

_TIMED = frozenset({"signin", "op"})  # blueprints whose requests are steps of a sign-in or of the protocol


def register(app: Flask, meter: Meter) -> None:
    """Measure the time of every step. A handler's name is the step: it is in our code, never in a request."""

    def begin() -> None:
        g.began = time.perf_counter()

    def end(response: Response) -> Response:
        if request.blueprint in _TIMED and request.endpoint and "began" in g:
            meter.step(request.endpoint.rpartition(".")[2], time.perf_counter() - g.began)
        return response

    app.before_request(begin)
    app.after_request(end)


def page(readings: Iterable[FigureReading]) -> Response:
    """The figures in the text format of Prometheus."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Readings(readings))
    return headers.private(Response(generate_latest(registry), mimetype=CONTENT_TYPE_LATEST))


class _Readings:
    """A collector of prometheus_client."""

    def __init__(self, readings: Iterable[FigureReading]) -> None:
        self._readings = readings

    def collect(self) -> Iterator[Metric]:
        """Every figure with its help, also one without samples."""
        return map(_metric, self._readings)


def _metric(reading: FigureReading) -> Metric:
    figure = reading.figure
    if figure.kind is FigureKind.HISTOGRAM:
        histogram = HistogramMetricFamily(figure.name, figure.help, labels=figure.labels)
        for labels, numbers in sorted(reading.samples.items()):
            ends, total = [], 0.0
            for bound, count in zip((*map(str, figure.bounds), "+Inf"), numbers, strict=False):
                total += count
                ends.append((bound, total))
            histogram.add_metric(labels, ends, numbers[-1])
        return histogram
    kind = CounterMetricFamily if figure.kind is FigureKind.COUNTER else GaugeMetricFamily
    metric = kind(figure.name, figure.help, labels=figure.labels)
    for labels, (value,) in sorted(reading.samples.items()):
        metric.add_metric(labels, value)
    return metric
