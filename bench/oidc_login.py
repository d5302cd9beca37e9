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
from collections.abc import Callable
from pathlib import Path
from typing import Any

from broker.demo.browser import Browser
from broker.demo.cast import ADA, Cast
from broker.demo.relying import Tokens
from broker.demo.visitor import Visitor

TICK = os.sysconf("SC_CLK_TCK")


def cpu(pid: int) -> float:
    """Seconds of CPU of a process and all below it."""
    total, todo = 0.0, [pid]
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(entry.name))
    while todo:
        one = todo.pop()
        todo += children.get(one, [])
        try:
            fields = (Path("/proc") / str(one) / "stat").read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue
        total += sum(int(value) for value in fields[11:15]) / TICK
    return total


def measure(pid: int, count: int, step: Callable[[], Any]) -> dict[str, float]:
    """CPU and wall milliseconds an operation: medians of five runs."""
    spent, wall = [], []
    for _ in range(5):
        before, started = cpu(pid), time.perf_counter()
        for _ in range(count // 5):
            step()
        wall.append((time.perf_counter() - started) / (count // 5) * 1000)
        spent.append((cpu(pid) - before) / (count // 5) * 1000)
    return {"cpu_ms": round(statistics.median(spent), 2), "wall_ms": round(statistics.median(wall), 1), "runs": len(spent)}


def run(logins: int) -> dict[str, Any]:
    """Start the cast, sign in again and again, and measure."""
    with tempfile.TemporaryDirectory() as folder, Cast(Path(folder), 0) as cast:
        pid = cast.broker.pid
        ada = Visitor(ADA.email, ADA.subject)
        ada.open(cast.invite(ADA)["redeem_url"])
        party = cast.payroll

        def silent() -> Tokens:
            url, pending = party.begin()
            return party.complete(ada.open(url, stop_at=party.redirect_uri).query, pending)

        held = [silent()]

        def refresh() -> None:
            held[0] = party.refresh(held[0].refresh_token or "", held[0])

        figures = {}
        for name, step, count in (
            ("whole_login", lambda: fresh(cast), logins),
            ("single_sign_on_with_token", silent, logins),
            ("refresh", refresh, logins),
            ("userinfo", lambda: party.userinfo(held[0]), logins),
        ):
            for _ in range(5):
                step()
            figures[name] = measure(pid, count, step)
        return {"logins": logins, "python": platform.python_version(), "database": "sqlite", **figures}


def fresh(cast: Cast) -> None:
    """A whole login in a new browser: authorize, home, partner, callback, code, token, userinfo."""
    party = cast.payroll
    who = Visitor(ADA.email, ADA.subject, Browser())
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
