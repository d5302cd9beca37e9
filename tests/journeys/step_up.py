"""A second factor asked of the partner first, and sessions with a factor of ours."""

from __future__ import annotations

from typing import Any

from tests.journeys.second_factor import MFA, with_phone
from tests.journeys.world import ADA, World, partner_file

ALL_MFA = "name: x\nusers: {include: {guests: all}}\ngrant: {require: [mfa]}\n"
PAYROLL_MFA = ALL_MFA + "applications: {include: [payroll]}\n"


def trust(world: World, mfa: str = f"[{MFA}, mfa]", age: str = "12h", *, step_up: bool = True) -> None:
    """Fabrikam's file with a trust in its multi-factor authentication."""
    text = partner_file("Fabrikam", "fabrikam.example", world.partners["fabrikam"].issuer)
    more = f"email: true, mfa: {mfa}, mfa_max_age: {age}, step_up: {str(step_up).lower()}"
    world.write("partners/fabrikam.yaml", text.replace("email: true", more))


def sent(world: World) -> list[dict[str, Any]]:
    """What the newest login asked of the partner, each time."""
    steps = world.broker.history.receipts.newest(limit=1)[0].steps
    return [dict(step) for step in steps if step["step"] == "upstream" and step["result"] == "sent"]


def with_phone_of_ours(world: World) -> Any:
    """Ada with an authenticator app, added while Fabrikam was not asked."""
    trust(world, step_up=False, mfa="[]")
    phone = with_phone(world, world.visitor(ADA))
    trust(world)
    return phone
