"""CPU of the broker's processes per brokered OIDC login with an authenticator app, beside the same login without. Prints JSON.

    .venv/bin/python bench/factor_login.py [--logins 100]

As oidc_login.py: the cast of the demo plays partner and application in this process; only the broker's processes count. One
login = authorize, to the partner, callback, the page that asks for the code, the code, the dispatcher, token, userinfo. A code
counts once (RFC 6238 5.2), so every login is another guest's, with a seed that was added before the measuring.
"""

from __future__ import annotations

import argparse
import json
import platform
import tempfile
import time
from pathlib import Path
from typing import Any

import pyotp
from oidc_login import measure

from broker.demo.browser import Browser
from broker.demo.cast import Cast
from broker.demo.identity import Account
from broker.demo.person import DemoPerson

MFA = "https://refeds.org/profile/mfa"
CLAIMS = json.dumps({"id_token": {"acr": {"essential": True, "values": [MFA]}}})


def guest(cast: Cast, number: int) -> tuple[Account, str]:
    """Somebody who has redeemed, and the seed of the app that was added."""
    account = Account(subject=f"bench-{number}", name=f"Guest {number}", email=f"bench-{number}@fabrikam.example")
    cast.partners["fabrikam"].accounts[account.subject] = account
    who = DemoPerson(account.email, account.subject)
    who.open(cast.invite(account)["redeem_url"])
    page = who.open(cast.payroll.begin(claims=CLAIMS)[0], stop_at=cast.payroll.redirect_uri)
    secret = page.document.codes[0]
    shown = who.browser.submit(page, {"code": pyotp.TOTP(secret).now()})
    who.browser.submit(shown, stop_at=cast.payroll.redirect_uri)
    return account, secret


def login(cast: Cast, account: Account, secret: str | None) -> None:
    """A whole login in a new browser; with the code of the next time step, where there is a seed."""
    party, wanted = cast.payroll, {"claims": CLAIMS} if secret else {}
    who = DemoPerson(account.email, account.subject, Browser())
    url, pending = party.begin(login_hint=account.email, **wanted)
    page = who.open(url, stop_at=party.redirect_uri)
    if secret:
        page = who.browser.submit(page, {"code": pyotp.TOTP(secret).at(time.time() + 30)}, stop_at=party.redirect_uri)
    tokens = party.complete(page.query, pending)
    if secret and tokens.claims["acr"] != MFA:
        raise SystemExit("the login was not as strong as asked")
    party.userinfo(tokens)


def run(logins: int) -> dict[str, Any]:
    """Start the cast, add the seeds, and measure."""
    with tempfile.TemporaryDirectory() as folder, Cast(Path(folder), 0) as cast:
        pid = cast.broker.pid
        guests = iter([guest(cast, number) for number in range(logins + 5)])
        for _ in range(5):
            account, secret = next(guests)
            login(cast, account, None)
            login(cast, account, secret)
        plain = measure(pid, logins, lambda _: login(cast, account, None))
        with_code = measure(pid, logins, lambda one: login(cast, *one), lambda: next(guests))
        return {
            "logins": logins,
            "python": platform.python_version(),
            "database": "sqlite",
            "whole_login": plain,
            "login_with_code": with_code,
        }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--logins", type=int, default=100)
    print(json.dumps(run(parser.parse_args().logins), indent=2))


if __name__ == "__main__":
    main()
