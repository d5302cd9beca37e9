"""CPU of the broker's processes per brokered OIDC login, and per endpoint. Prints JSON.

    .venv/bin/python bench/oidc_login.py [--logins 200]

The cast of the demo plays partner and application inside this process; only the broker's own processes count (user and
system time with children, from /proc). One login = authorize, to the partner, callback, code, token, userinfo.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from broker.demo.browser import Browser
from broker.demo.cast import ADA, Cast
from broker.demo.person import DemoPerson
from broker.demo.relying import PendingRequest, call

TICK = os.sysconf("SC_CLK_TCK")


def cpu(pid: int) -> float:
    """Seconds of CPU of a process, of all below it, and of those below that have ended."""
    return sum(int(value) for one in family(pid) for value in stat(one)[11:15]) / TICK


def family(pid: int) -> list[int]:
    """A process and all below it."""
    return [pid, *(one for child in children(pid) for one in family(child))]


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    numbers = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()]
    return [one for one in numbers if stat(one)[1] == str(pid)]


def stat(pid: int) -> list[str]:
    """/proc/PID/stat from its third field on (proc(5)); zeros for a process that has ended."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return ["0"] * 15


def measure(pid: int, count: int, step: Callable[[Any], Any], prepare: Callable[[], Any] = lambda: None) -> dict[str, float]:
    """CPU and wall milliseconds an operation: medians of five runs, and the best one, which a busy machine disturbs least.

    prepare: what each step needs, not measured.
    """
    spent, wall, each = [], [], max(count // 5, 1)
    for _ in range(5):
        ready = [prepare() for _ in range(each)]
        before, started = cpu(pid), time.perf_counter()
        for one in ready:
            step(one)
        wall.append((time.perf_counter() - started) / each * 1000)
        spent.append((cpu(pid) - before) / each * 1000)
    return {
        "cpu_ms": round(statistics.median(spent), 2),
        "best_cpu_ms": round(min(spent), 2),
        "wall_ms": round(statistics.median(wall), 1),
        "runs": len(spent),
    }


def run(logins: int) -> dict[str, Any]:
    """Start the cast, sign in again and again, and measure."""
    with tempfile.TemporaryDirectory() as folder, Cast(Path(folder), 0) as cast:
        pid = cast.broker.pid
        ada = DemoPerson(ADA.email, ADA.subject)
        ada.open(cast.invite(ADA)["redeem_url"])
        party = cast.payroll

        def code() -> tuple[Mapping[str, str], PendingRequest]:
            url, pending = party.begin()
            return ada.open(url, stop_at=party.redirect_uri).query, pending

        def authorize() -> None:
            ada.browser.get(party.begin()[0], stop_at="http")  # one hop: to the dispatcher

        held = [party.complete(*code())]

        def refresh() -> None:
            held[0] = party.refresh(held[0].refresh_token or "", held[0])

        for _ in range(8):
            fresh(cast)
            held[0] = party.complete(*code())
            refresh()
        jwks = f"{party.issuer}/jwks"  # the application reads it for each ID token, so token and refresh hold one
        figures = {
            "whole_login": measure(pid, logins, lambda _: fresh(cast)),
            "authorize_with_session": measure(pid, logins, lambda _: authorize()),
            "single_sign_on_to_code": measure(pid, logins, lambda _: code()),
            "token_and_jwks": measure(pid, logins, lambda ready: party.complete(*ready), code),
            "refresh_and_jwks": measure(pid, logins, lambda _: refresh()),
            "jwks": measure(pid, logins, lambda _: call("GET", jwks)),
            "userinfo": measure(pid, logins, lambda _: party.userinfo(held[0])),
        }
        for name in ("token", "refresh"):
            both, one = figures[f"{name}_and_jwks"], figures["jwks"]
            figures[name] = {key: round(both[key] - one[key], 2) for key in ("cpu_ms", "best_cpu_ms")}
        return {"logins": logins, "python": platform.python_version(), "database": "sqlite", **figures}


def fresh(cast: Cast) -> None:
    """A whole login in a new browser: authorize, home, partner, callback, code, token, userinfo."""
    party = cast.payroll
    who = DemoPerson(ADA.email, ADA.subject, Browser())
    url, pending = party.begin(login_hint=ADA.email)
    tokens = party.complete(who.open(url, stop_at=party.redirect_uri).query, pending)
    party.userinfo(tokens)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logins", type=int, default=200)
    print(json.dumps(run(parser.parse_args().logins), indent=2))


if __name__ == "__main__":
    main()
