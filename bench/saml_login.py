"""CPU of the broker's processes per brokered SAML login, beside SATOSA doing the same login in the same run. Prints JSON.

    .venv/bin/python bench/saml_login.py [--logins 50] [--rounds 5] [--partners 10000] [--alone]

The partner and the application play inside this process; only the processes of the broker and of SATOSA count (user and
system time with children, from /proc; SATOSA starts xmlsec1 for every signature and decryption). One login = authorize, to
the partner with a signed request, its answer with a signed assertion (signed) that is encrypted as well (encrypted), code,
token, keys, userinfo. There is one broker for each form, since our metadata has a key to encrypt for only where the
partner's file wants that, and one with so many partners that the others have no part in. All take turns, so that a busy
machine is busy for all. --alone: without SATOSA. --partners 0: without that third broker.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from _satosa import VERSION, NotInstalled, Satosa, install
from oidc_login import cpu
from partners import quiet, replaced

from broker.demo import process
from broker.demo.browser import Browser
from broker.demo.cast import WANDA, WILL, Cast
from broker.demo.home import WOODGROVE
from broker.demo.person import DemoPerson
from broker.demo.saml.identity import SamlIdentityProvider, ServiceProvider

WARM_UP = 8  # logins of each before the first turn
OTHER = """\
name: Partner {n}
domains: [p{n}.example]
saml:
  metadata: config/others.xml
  entity_id: https://idp.p{n}.example/saml
trust:
  email: true
"""


class Partner(SamlIdentityProvider):
    """The demo's partner, but it reads the service provider's metadata once: serving that is no part of a login."""

    held: ServiceProvider | None = None

    def known(self) -> ServiceProvider:
        """The metadata as it was at first."""
        self.held = self.held or super().known()
        return self.held


@dataclass(slots=True)
class Side:
    """One server under measurement. idle: seconds of CPU a second while nobody asks; spent: milliseconds a login, by turn."""

    pid: int
    partner: Partner
    login: Callable[[], None]
    encrypted: bool
    idle: float = 0.0
    spent: list[float] = field(default_factory=list)

    def turn(self, logins: int) -> float:
        """Milliseconds of CPU a login. Raises RuntimeError if the partner sent another form than this side is named for."""
        self.partner.fault = "none" if self.encrypted else "not_encrypted"
        before, started = cpu(self.pid), time.perf_counter()
        for _ in range(logins):
            self.login()
        spent: float = cpu(self.pid) - before - self.idle * (time.perf_counter() - started)
        if ("EncryptedAssertion" in self.partner.sent[-1]) is not self.encrypted:
            raise RuntimeError("the partner did not send the form that was to be measured")
        return spent / logins * 1000


def ours(stack: ExitStack, *, encrypted: bool = False, others: int = 0) -> tuple[Cast, Side]:
    """A broker with a guest of Woodgrove's, beside so many other partners over SAML."""
    cast = Cast(Path(stack.enter_context(tempfile.TemporaryDirectory())), 0)
    files = cast.home / "config" / "partners"
    if not encrypted:
        file = files / f"{WOODGROVE}.yaml"
        file.write_text(file.read_text().replace("  want_encrypted: true\n", ""))
    metadata = f"{cast.at.broker}/saml/{WOODGROVE}/metadata"
    partner = Partner(cast.at.saml, name="Woodgrove", accounts=(WANDA, WILL), sp_metadata=metadata, signed="assertion")
    unread = cast.home / "config" / "others.xml"  # read when somebody of theirs signs in, and nobody does
    unread.write_bytes(partner.metadata())
    for n in range(others - len(list(files.iterdir()))):
        (files / f"p{n}.yaml").write_text(OTHER.format(n=n))
    cast.woodgrove = partner
    stack.enter_context(cast)
    DemoPerson(WANDA.email, WANDA.subject).open(cast.invite(WANDA)["redeem_url"])
    party = cast.payroll

    def login() -> None:
        url, pending = party.begin(login_hint=WANDA.email)
        who = DemoPerson(WANDA.email, WANDA.subject, Browser())
        party.userinfo(party.complete(who.open(url, stop_at=party.redirect_uri).query, pending))

    return cast, Side(cast.broker.pid, partner, login, encrypted)


def satosa(stack: ExitStack) -> tuple[Side, Side]:
    """The same of SATOSA, which takes either form. Raises NotInstalled."""
    install()
    partner = Partner("http://127.0.0.9:1", name="Woodgrove", accounts=(WANDA, WILL), sp_metadata="", signed="assertion")
    made = Satosa(Path(stack.enter_context(tempfile.TemporaryDirectory())), partner)
    partner.held = made.known
    stack.enter_context(made)

    def login() -> None:
        made.login(WANDA.subject)

    return Side(made.pid, partner, login, encrypted=False), Side(made.pid, partner, login, encrypted=True)


def run(logins: int, rounds: int, *, partners: int, alone: bool) -> dict[str, Any]:
    """All side by side, in turns. Raises NotInstalled."""
    process.START_SECONDS, process.COMMAND_SECONDS = 600, 600
    with ExitStack() as stack:
        sides: dict[str, Side] = {}
        if not alone:
            sides["satosa_signed"], sides["satosa_encrypted"] = satosa(stack)
        few, sides["signed"] = ours(stack)
        _, sides["encrypted"] = ours(stack, encrypted=True)
        casts = {"few": few}
        if partners:
            casts["many"], sides["signed_many_partners"] = ours(stack, others=partners)
        load = os.getloadavg()[0]
        for side in sides.values():
            side.turn(WARM_UP)
            side.idle = quiet(side.pid)
        for _ in range(rounds):
            for side in sides.values():
                side.spent.append(side.turn(logins))
        workers = {name: replaced(cast) for name, cast in casts.items()}
    found: dict[str, Any] = {name: figures(side) for name, side in sides.items()}
    if not alone:
        found["times_less"] = {form: ratios(sides[f"satosa_{form}"], sides[form]) for form in ("signed", "encrypted")}
        found["satosa"] = VERSION
    about = {"logins": logins, "rounds": rounds, "load": round(load, 1), "processors": os.cpu_count(), "partners": partners}
    return {**about, "python": platform.python_version(), "database": "sqlite", **found, "worker_s": workers}


def figures(side: Side) -> Mapping[str, float]:
    """The median of the turns, and the one that other work disturbed least."""
    return {
        "cpu_ms": round(statistics.median(side.spent), 2),
        "best_cpu_ms": round(min(side.spent), 2),
        "idle_cpu_ms_per_s": round(side.idle * 1000, 1),
    }


def ratios(theirs: Side, own: Side) -> Mapping[str, float]:
    """How many times less ours takes."""
    return {
        "cpu": round(statistics.median(theirs.spent) / statistics.median(own.spent), 1),
        "best_cpu": round(min(theirs.spent) / min(own.spent), 1),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logins", type=int, default=50, help="in each turn")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--partners", type=int, default=10000)
    parser.add_argument("--alone", action="store_true", help="without SATOSA")
    asked = parser.parse_args()
    try:
        print(json.dumps(run(asked.logins, asked.rounds, partners=asked.partners, alone=asked.alone), indent=2))
    except NotInstalled as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
