"""CPU of judging one sign-in by 1,000 policies for a person of 100 groups, and of replaying past ones. Prints JSON.

    .venv/bin/python bench/policy.py [--times 500]

Milliseconds of this process's CPU, the median of rounds. Reach: under 1 ms. Several books, since what is in the files
decides: policies of one application each, of groups (a company's ordinary case), all of the whole tenant, and the worst,
in which every single one matches.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from _cpu import milliseconds

from broker.domain.assurance import SFA
from broker.domain.guest import PersonKind
from broker.domain.policy import Circumstances, Net, PersonSelector, Policy, Rulebook
from broker.domain.policy_decision import judge
from broker.domain.replay import PastSignIn
from broker.services.policies.replay import run

REACH = 1.0
POLICIES = 1000
ADA = Circumstances(
    kind=PersonKind.GUEST,
    guest="ada@fabrikam.example",
    groups=frozenset(f"group-{n}" for n in range(100)),
    partner="fabrikam",
    application="payroll",
    address="192.0.2.7",
)
OFFICE = (Net.of("203.0.113.0/24"), Net.of("2001:db8::/32"))


def books() -> dict[str, list[Policy]]:
    """Name -> a thousand policies."""
    mfa, guests = frozenset({"mfa"}), PersonSelector(all_guests=True)
    numbers = range(POLICIES)
    return {
        "by_application": [
            Policy(id=f"p{n}", include=guests, applications=frozenset({"payroll" if n % 100 == 0 else f"app-{n}"}), require=mfa)
            for n in numbers
        ],
        "by_group": [
            Policy(id=f"p{n}", include=PersonSelector(groups=frozenset({f"group-{n}"})), excluded_networks=OFFICE, require=mfa)
            for n in numbers
        ],
        "by_guest": [
            Policy(id=f"p{n}", include=PersonSelector(guests=frozenset({f"g{n}@x.example"})), block=True) for n in numbers
        ],
        "whole_tenant_by_network": [
            Policy(id=f"p{n}", include=guests, networks=OFFICE, require=mfa, sign_in_frequency=3600 + n) for n in numbers
        ],
        "all_match": [Policy(id=f"p{n}", include=guests, require=mfa, sign_in_frequency=3600 + n) for n in numbers],
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=200)
    times = parser.parse_args().times
    figures, matched, whole = {}, {}, books()
    for name, policies in whole.items():
        book = Rulebook.of(policies)
        figures[name] = milliseconds(partial(judge, book, ADA), times)
        matched[name] = sum(result.result == "required" for result in judge(book, ADA).results)
    past = [
        PastSignIn(receipt=f"r{n}", at=n, person=f"p{n % 500}", circumstances=ADA, acr=SFA, proof_age=n) for n in range(20_000)
    ]
    ordinary = Rulebook.of(whole["by_application"])
    started = time.process_time()
    replayed = run(ordinary, past)
    seconds = time.process_time() - started
    output = {
        "benchmark": "policy",
        "machine": platform.machine(),
        "python": platform.python_version(),
        "policies": POLICIES,
        "groups": len(ADA.groups),
        "matched": matched,
        "ms_cpu": figures,
        "making_ready_ms_cpu": milliseconds(lambda: Rulebook.of(whole["by_application"]), 3),
        "replayed_sign_ins_a_second": round(replayed.sign_ins / seconds),
        "reach_ms": REACH,
        "reached": {name: figure < REACH for name, figure in figures.items()},
    }
    print(json.dumps(output, indent=2))


if __name__ == "__main__":
    main()
