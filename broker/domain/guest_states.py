"""The states of a guest as a table: which act is allowed in which state, and which state follows."""

from __future__ import annotations

from enum import StrEnum

from broker.domain.errors import Conflict
from broker.domain.guest import GuestState


class Act(StrEnum):
    """What can happen to a guest; commands and audit use these words."""

    INVITE = "invite"  # again
    REDEEM = "redeem"
    BLOCK = "block"  # staff end the access
    UNBLOCK = "unblock"
    RENEW = "renew"  # a later end; an access that had ended begins again
    EXPIRE = "expire"  # time ends the access
    RESET = "reset"  # the identity is unlinked, and the guest is invited again
    DELETE = "delete"  # the personal data is removed


_I, _A, _B, _E, _D = GuestState.INVITED, GuestState.ACTIVE, GuestState.BLOCKED, GuestState.EXPIRED, GuestState.DELETED

# An entry for each allowed act. `None`: active if the guest redeemed before, else invited.
_MOVES: dict[Act, dict[GuestState, GuestState | None]] = {
    Act.INVITE: {_I: _I, _A: _A, _E: _I},
    Act.REDEEM: {_I: _A, _A: _A},
    Act.BLOCK: {_I: _B, _A: _B, _E: _B},
    Act.UNBLOCK: {_B: None},
    Act.RENEW: {_I: _I, _A: _A, _E: None},
    Act.EXPIRE: {_I: _E, _A: _E},
    Act.RESET: {_I: _I, _A: _I},
    Act.DELETE: {_I: _D, _A: _D, _B: _D, _E: _D},
}


def may(state: GuestState, act: Act) -> bool:
    """Whether the act is allowed in this state."""
    return state in _MOVES[act]


def move(state: GuestState, act: Act, *, redeemed: bool = True) -> GuestState:
    """The state after the act. redeemed: whether the guest accepted an invitation before. Raises Conflict."""
    if not may(state, act):
        raise Conflict(f"a guest who is {state} cannot be: {act}", f"guest_{state}")
    after = _MOVES[act][state]
    if after is None:
        return GuestState.ACTIVE if redeemed else GuestState.INVITED
    return after
