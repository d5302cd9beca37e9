"""deploy/prometheus and deploy/grafana name the figures of /metrics: each one that is used exists, and each one that exists is used."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import yaml

from broker.services.metrics import FIGURES, Figure, FigureKind
from broker.services.operations import figures
from broker.storage.engine import Database
from broker.storage.operations import figures as stored
from tests.clock import START
from tests.house.source import ROOT

ALERTS = ROOT / "deploy" / "prometheus" / "alerts.yml"
DASHBOARD = ROOT / "deploy" / "grafana" / "guest-broker.json"


def exported(tmp_path: Path, sqlite_url: str) -> set[str]:
    """The names of all samples of /metrics."""
    database = Database(sqlite_url, base=tmp_path)
    with database.read() as tx:
        names = {f"broker_{name}" for name in stored.figures(tx, START)}
    database.close()
    known = [*FIGURES, *(value for value in vars(figures).values() if isinstance(value, Figure))]
    for figure in known:
        ends = ("_bucket", "_count", "_sum") if figure.kind is FigureKind.HISTOGRAM else ("",)
        names |= {figure.name + end for end in ends}
    return names


def rules() -> list[dict[str, Any]]:
    """The alert rules."""
    return [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]


def panels() -> list[dict[str, Any]]:
    """The panels that show something."""
    return [panel for panel in json.loads(DASHBOARD.read_text())["panels"] if panel["type"] != "row"]


def expressions() -> list[str]:
    """Every expression of both files."""
    return [rule["expr"] for rule in rules()] + [target["expr"] for panel in panels() for target in panel["targets"]]


def test_each_figure_that_is_used_exists_and_each_that_exists_is_used(tmp_path: Path, sqlite_url: str) -> None:
    """A figure that is renamed would silence an alert; one that nobody looks at is not worth its place."""
    used = {name for expression in expressions() for name in re.findall(r"\bbroker_\w+", expression)}
    names = exported(tmp_path, sqlite_url)
    assert used - names == set()
    assert names - used - {"broker_step_seconds_sum"} == set()  # the buckets say more than a mean


def test_labels_that_are_used_exist() -> None:
    """A matcher of a label that a figure does not have matches nothing, without an error."""
    known = {
        figure.name: {*figure.labels, "instance"} for figure in [*FIGURES, *vars(figures).values()] if isinstance(figure, Figure)
    }
    wrong = set()
    for expression in expressions():
        for name, matchers in re.findall(r"\b(broker_\w+)\{([^}]*)\}", expression):
            labels = {*known.get(re.sub(r"_(bucket|count)$", "", name), {"instance"}), "le"}
            wrong |= {
                (name, label) for label in re.findall(r"(\w+)[=!]", re.sub(r'"[^"]*"', "", matchers)) if label not in labels
            }
    assert wrong == set()


def test_alerts_say_what_to_do() -> None:
    """Each alert has a severity, a summary and a description, and stands in docs/operations.md."""
    page = (ROOT / "docs" / "operations.md").read_text()
    names = [rule["alert"] for rule in rules()]
    assert len(names) == len(set(names))
    assert {name for name in names if f"`{name}`" not in page} == set()
    assert {rule["labels"]["severity"] for rule in rules()} == {"page", "ticket"}
    assert all(rule["annotations"]["summary"] and rule["annotations"]["description"] for rule in rules())


def test_the_dashboard_is_whole() -> None:
    """Ids are unique, panels do not overlap, and the data source is a variable, not one of somebody's own Grafana."""
    everything = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in everything}) == len(everything)
    cells = [
        (x, y)
        for grid in (panel["gridPos"] for panel in everything)
        for x in range(grid["x"], grid["x"] + grid["w"])
        for y in range(grid["y"], grid["y"] + grid["h"])
    ]
    assert len(set(cells)) == len(cells)
    assert {panel["datasource"]["uid"] for panel in panels()} == {"${datasource}"}
