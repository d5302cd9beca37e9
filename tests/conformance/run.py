"""Runs plans at the suite, one module after the other: its modules share one alias."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from tests.conformance.plans import Applications, Plan
from tests.conformance.suite import FINISHED, Module, Suite, SuiteError

MODULE_SECONDS = 300  # some modules wait until a code or a request_uri is over
PAUSE = 1.0  # seconds between two questions to the suite
GOOD = ("PASSED", "WARNING", "REVIEW", "SKIPPED")


class Visitor(Protocol):
    """A person with a browser."""

    def visit(self, url: str, module: str) -> bytes:
        """Opens an address, answers the pages that follow, and returns a picture of the page that a reviewer wants to see."""


@dataclass(frozen=True, slots=True)
class ModuleResult:
    """result: the suite's word, or what went wrong."""

    module: str
    result: str

    @property
    def is_good(self) -> bool:
        """Whether it does not count as failed."""
        return self.result in GOOD


def run_plan(
    suite: Suite, plan: Plan, applications: Applications, issuer: str, visitor: Callable[[], Visitor], pause: float = PAUSE
) -> Iterator[ModuleResult]:
    """The results, as they come. visitor: a person with a new browser, for each module. Raises SuiteError if there is no plan."""
    plan_id, modules = suite.create_plan(plan.name, plan.variant, applications.config(plan, issuer))
    for module in modules:
        try:
            yield ModuleResult(module.name, _run_module(suite, plan_id, module, visitor(), pause))
        except SuiteError as error:
            yield ModuleResult(module.name, f"ERROR: {error}")


def _run_module(suite: Suite, plan_id: str, module: Module, person: Visitor, pause: float) -> str:
    run, picture, started = suite.create_module(plan_id, module), b"", False
    until = time.monotonic() + MODULE_SECONDS
    while time.monotonic() < until:
        state = suite.state(run)
        if state.status in FINISHED:
            return state.result if state.status == "FINISHED" and state.result else state.status
        if state.status == "CONFIGURED" and not started:
            started = True
            suite.start(run)
        elif state.status == "WAITING":
            for url in suite.to_visit(run):
                suite.visited(run, url)  # before the pages: the suite counts what its own page opens
                picture = person.visit(url, module.name)
            for place in suite.pictures_wanted(run) if picture else ():
                suite.show(run, place, picture)
        time.sleep(pause)
    return "TIMEOUT"


def count(results: Sequence[ModuleResult]) -> tuple[int, int]:
    """(modules, failed ones)."""
    return len(results), sum(not one.is_good for one in results)
