"""Mutation testing: small wrongs put one by one into the modules that decide; a test has to notice each (docs/mutation.md).

    .venv/bin/python -m tests.deep.mutation [--jobs 2] [--again FILE] [SUITE or MODULE...]

prints what no test notices and ends with 1 if docs/mutation.md does not list it, or lists what is none any more. The tests
are collected and run once; each mutant lives in a fork of that process, which runs them until one fails, those that noticed
the last mutants first.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import os
import re
import signal
import sys
import time
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cache, cached_property
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol

from tests.deep.mutants import Mutant, changed, mutants

ROOT = Path(__file__).resolve().parents[2]
LISTED = ROOT / "docs" / "mutation.md"
HARMLESS = {"clean_environment", "monkeypatch"}  # fixtures of every test, not asked for by these
DEFINED = ast.FunctionDef | ast.ClassDef
WORD = re.compile(r"[A-Za-z0-9]{4,}")
PATIENCE = 60  # seconds of processor time of a mutant: one that hangs is noticed too
SAML_TESTS = (
    *(f"tests/saml/test_response_{name}.py" for name in ("decryption", "gate", "vocabulary")),
    *(
        f"tests/connectors/saml/test_response_{name}.py"
        for name in (
            "condition_attacks",
            "edges",
            "encryption_edges",
            "record",
            "shapes",
            "signature_attacks",
            "statement_edges",
            "unread",
            "value_attacks",
            "wrapping",
        )
    ),
)
SAML_ERRORS = frozenset({"SamlRefused", "ResponseRefused"})


@dataclass(frozen=True, slots=True)
class Suite:
    """modules, tests: paths. errors: return types of functions that only word a refusal."""

    modules: tuple[str, ...]
    tests: tuple[str, ...]
    errors: frozenset[str] = frozenset()


SUITES = {
    "saml": Suite(
        modules=(
            *(f"broker/saml/{name}.py" for name in ("parse", "schema_gate", "signature", "decryption", "times")),
            "broker/connectors/saml/response.py",
        ),
        tests=SAML_TESTS,
        errors=SAML_ERRORS,
    ),
    "saml_content": Suite(
        modules=(
            *(f"broker/connectors/saml/{name}.py" for name in ("envelope", "attributes", "subject", "assertion_reader")),
            "broker/saml/vocabulary.py",
        ),
        tests=SAML_TESTS,
        errors=SAML_ERRORS,
    ),
    "jose": Suite(
        modules=tuple(f"broker/jose/{name}.py" for name in ("verify", "claims", "encoding", "keys")),
        tests=("tests/jose",),
    ),
    "domain": Suite(
        modules=tuple(
            f"broker/domain/{name}.py" for name in ("gates", "assurance_rules", "assurance", "policy", "policy_decision")
        ),
        tests=("tests/domain",),
    ),
}


@cache
def _source(module: str) -> str:
    """As it was when the run came to it first: who edits meanwhile shifts nothing."""
    return (ROOT / module).read_text()


def install(module: types.ModuleType, tree: ast.Module, source: str) -> None:
    """The mutant into the running process: new code for old functions and methods, new values wherever a module holds the old one.

    What is defined as before stays the object that it was, for tests hold such objects.
    """
    known = {one.name: ast.dump(one) for one in ast.parse(source).body if isinstance(one, DEFINED)}
    tree.body = [one for one in tree.body if not isinstance(one, DEFINED) or ast.dump(one) != known.get(one.name) or _bound(one)]
    before = dict(vars(module))
    exec(compile(tree, module.__name__, "exec"), vars(module))
    others = [m for m in list(sys.modules.values()) if m.__name__.startswith(("broker.", "tests.", "test_"))]
    for name, new in list(vars(module).items()):
        old = before.get(name)
        if name not in before or old is new or name.startswith("__"):
            continue
        if isinstance(old, types.FunctionType) and isinstance(new, types.FunctionType):
            old.__code__, old.__defaults__, old.__kwdefaults__ = new.__code__, new.__defaults__, new.__kwdefaults__
            setattr(module, name, old)
        elif isinstance(old, type) and isinstance(new, type) and not issubclass(old, Enum):
            for key, value in vars(new).items():
                if isinstance(value, types.FunctionType | property | cached_property | classmethod | staticmethod):
                    setattr(old, key, value)
            setattr(module, name, old)
        else:
            for other in others:
                if vars(other).get(name, other) is old:
                    setattr(other, name, new)


def _bound(one: ast.FunctionDef | ast.ClassDef) -> bool:
    """Whether a default of the function is a value of the module: the function is made again, for it holds the old value."""
    given = [*one.args.defaults, *one.args.kw_defaults] if isinstance(one, ast.FunctionDef) else []
    return any(isinstance(part, ast.Name | ast.Attribute) for part in given)


class Judge:
    """A pytest plugin: the collected tests run once as they are, then for each mutant, instead of once."""

    def __init__(self, suite: Suite, asked: Sequence[Mutant], jobs: int, tell: Callable[[Mutant], None]) -> None:
        self._suite, self._asked, self._jobs, self._tell = suite, asked, jobs, tell
        self.failure = ""

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        """The hook of pytest."""
        items = [
            item for item in session.items if not getattr(getattr(item, "obj", None), "is_hypothesis_test", False)
        ]  # no dice
        took: dict[str, float] = {}
        for item in items:  # as they are; what is made once is there for every fork
            started = time.process_time()
            self.failure = self.failure or (item.nodeid if _fails(item) else "")
            took[item.nodeid] = time.process_time() - started
        items.sort(key=lambda item: took[item.nodeid])
        waiting: list[Mutant | None] = [] if self.failure else [None, *self._asked]
        at_work: dict[int, tuple[Mutant | None, int]] = {}
        while waiting or at_work:
            if waiting and len(at_work) < self._jobs:
                mutant = waiting.pop(0)
                receive, send = os.pipe()
                if (child := os.fork()) == 0:
                    _live(self._suite, mutant, _likely_first(items, mutant), send)
                os.close(send)
                at_work[child] = (mutant, receive)
                continue
            child, _ = os.wait()
            mutant, receive = at_work.pop(child)
            said = os.read(receive, 1000).decode()
            os.close(receive)
            items.sort(key=lambda item, said=said: item.nodeid != said)  # type: ignore[misc] # who noticed this one is asked first about the next
            if said.startswith("broken: NameError"):  # a name that `mutants` writes and the module does not have
                self.failure, waiting = f"{mutant.name if mutant else 'nothing changed'}: {said}", []
            elif mutant is None and said != "survived":
                self.failure, waiting = f"nothing changed, all loaded anew: {said or 'no answer'}", []
            elif mutant is not None and said == "survived":
                self._tell(mutant)
            if waiting and len(waiting) % 50 == 0:
                print(f"{len(waiting)} to go", file=sys.stderr, flush=True)
        return True


def _likely_first(items: Sequence[pytest.Item], mutant: Mutant | None) -> list[pytest.Item]:
    """Tests whose name shares words with the mutant's before the others; the last to notice one is first among equals."""
    words = set(WORD.findall(mutant.name.partition(" -> ")[0])) if mutant else set()
    return sorted(items, key=lambda item: -len(words.intersection(WORD.findall(item.nodeid.rpartition("::")[2]))))


def _first_failure(items: Sequence[pytest.Item]) -> str | None:
    """Asked twice, for a key, a vector or a clock may have had bad luck once, and a mutant that it seems to notice is not looked at."""
    return next((item.nodeid for item in items if _fails(item) and _fails(item)), None)


def _fails(item: pytest.Item) -> bool:
    """A test that asks for no fixture is called as it is, which takes a third of the time.

    The session comes next, so that only what is made once for the whole run is kept: a pair of RSA keys costs more than a test.
    """
    params = item.callspec.params if hasattr(item, "callspec") else {}
    if not isinstance(item, pytest.Function) or set(item.fixturenames) - set(params) - HARMLESS:
        return any(report.failed for report in runtestprotocol(item, nextitem=item.session, log=False))  # type: ignore[arg-type]
    try:
        item.obj(**params)
    except (Exception, pytest.fail.Exception):  # noqa: BLE001
        return True
    return False


def _live(suite: Suite, mutant: Mutant | None, items: Sequence[pytest.Item], answer: int) -> None:
    """In the fork: never returns. mutant: None loads every module anew as it is, which no test may notice."""
    signal.setitimer(signal.ITIMER_PROF, PATIENCE)  # of its own time, however busy the machine is; no answer is left then
    signal.alarm(20 * PATIENCE)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    try:
        for path in [mutant.module] if mutant else suite.modules:
            source = _source(path)
            tree = changed(source, mutant, suite.errors) if mutant else ast.parse(source)
            install(importlib.import_module(path.removesuffix(".py").replace("/", ".")), tree, source)
        said = _first_failure(items) or "survived"
    except BaseException as error:  # noqa: BLE001
        said = f"broken: {error!r}"  # what cannot be loaded is noticed by every test
    os.write(answer, said[:900].encode())
    os._exit(0)


def judge(suite: Suite, modules: Sequence[str], jobs: int, only: set[str], tell: Callable[[Mutant], None]) -> int:
    """Tell each mutant that no test notices; returns how many mutants there are. Raises RuntimeError where tests fail without one."""
    asked = [mutant for module in modules for mutant in mutants(module, _source(module), suite.errors)]
    asked = [mutant for mutant in asked if not only or f"{mutant.module} {mutant.name}" in only]
    judging = Judge(suite, asked, jobs, tell)
    code = pytest.main(["-p", "no:cacheprovider", "-p", "no:terminal", *suite.tests], plugins=[judging])
    if judging.failure or code not in {pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED}:
        raise RuntimeError(judging.failure or f"pytest ended with {code}")
    return len(asked)


def listed(modules: Sequence[str]) -> set[tuple[str, str]]:
    """(module, name) of each survivor that docs/mutation.md lists with its reason."""
    blocks = re.findall(r"^```text\n(.*?)^```$", LISTED.read_text(), re.MULTILINE | re.DOTALL)
    entries = [line.split(" ", 1) for block in blocks for line in block.splitlines()]
    return {(module, name) for module, name in entries if module in modules}


def main() -> int:
    """Run, compare with the list, print. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="*", default=list(SUITES), help="a suite, or modules by path or last name")
    parser.add_argument("--jobs", type=int, default=int(os.environ.get("MUTATION_JOBS", os.cpu_count() or 1)))
    parser.add_argument("--again", type=Path, help="only mutants that an earlier run printed into this file")
    asked = parser.parse_args()
    only = set(asked.again.read_text().splitlines()) if asked.again else set()
    status = 0
    for name, suite in SUITES.items():
        modules = [m for m in suite.modules if name in asked.what or m in asked.what or Path(m).stem in asked.what]
        if modules:
            status |= _report(suite, modules, asked.jobs, only)
    return status


def _report(suite: Suite, modules: Sequence[str], jobs: int, only: set[str]) -> int:
    started, known = time.monotonic(), {entry for entry in listed(modules) if not only or " ".join(entry) in only}
    found: set[tuple[str, str]] = set()

    def tell(mutant: Mutant) -> None:
        found.add((mutant.module, mutant.name))
        if (mutant.module, mutant.name) not in known:
            print(f"NO TEST NOTICES, AND NOT ON THE LIST (line {mutant.line}):\n{mutant.module} {mutant.name}", flush=True)

    count = judge(suite, modules, jobs, only, tell)
    for module, name in sorted(known - found):
        print(f"LISTED, BUT A TEST NOTICES IT:\n{module} {name}")
    minutes = (time.monotonic() - started) / 60
    print(
        f"{count} mutants of {len(modules)} modules, {len(found)} survive, {len(found - known)} unlisted; {minutes:.1f} minutes"
    )
    return int(found != known)


if __name__ == "__main__":
    sys.exit(main())
