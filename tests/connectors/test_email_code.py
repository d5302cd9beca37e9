"""The code by mail as a Connector: what is remembered, what is taken, what is not."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.connectors.email_code import EmailCode, plain
from broker.domain.connector import Ask, Connector, Inbound
from broker.domain.errors import PartnerUntrusted
from broker.domain.mailbox import Mailbox, Why

ISSUER, NOW = "https://login.contoso.example", 1_800_000_000


def connector() -> Connector:
    """Gwen's mailbox."""
    return EmailCode(issuer=ISSUER, page=f"{ISSUER}/signin/x", address="gwen@mailbox.example", subject="an-id")


def test_round_trip() -> None:
    """The assertion names the guest's id, never the address, as subject; the proof is as old as this moment."""
    out = connector().begin(Ask(state="m"))
    said = connector().complete(Inbound(params={"code": out.out_of_band, "state": "m"}, memory=out.memory, now=NOW))
    assert (said.partner, said.issuer, said.subject) == ("email", ISSUER, "an-id")
    assert (said.email, said.email_verified, said.amr, said.auth_time) == ("gwen@mailbox.example", True, ("otp",), NOW)


def test_what_is_remembered_gives_nothing_away() -> None:
    """HT-4: eight digits, new each time, under 256 random bits: neither the code nor an unkeyed hash of it is kept."""
    outs = [connector().begin(Ask(state="m")) for _ in range(50)]
    assert all(len(out.out_of_band) == 8 and out.out_of_band.isascii() and out.out_of_band.isdigit() for out in outs)
    assert len({out.memory["salt"] for out in outs}) == 50
    for out in outs:
        assert out.out_of_band not in str(dict(out.memory))
        assert hashlib.sha256(out.out_of_band.encode()).hexdigest() not in str(dict(out.memory))
        assert out.out_of_band not in repr(out)


@pytest.mark.parametrize("state", ["", "n", "m "])
def test_bound_to_its_request(state: str) -> None:
    """AL-04: the same digits for another login, mailbox or identity are wrong."""
    out = connector().begin(Ask(state="m"))
    with pytest.raises(PartnerUntrusted, match="code_wrong"):
        connector().complete(Inbound(params={"code": out.out_of_band, "state": state}, memory=out.memory, now=NOW))


@given(st.text(max_size=30))
def test_anything_else_is_wrong(typed: str) -> None:
    """MF-09: whatever is typed, the answer is a refusal, never another error."""
    out = connector().begin(Ask(state="m"))
    if plain(typed) == out.out_of_band:
        return
    with pytest.raises(PartnerUntrusted):
        connector().complete(Inbound(params={"code": typed, "state": "m"}, memory=out.memory, now=NOW))


@pytest.mark.parametrize(
    "typed", ["1234 5678", " 12345678 ", "1234-5678", "12\u00a034\u202f56 78\n", "1 2 3 4 5 6 7 8", "\u200b12345678"]
)
def test_pasted(typed: str) -> None:
    """Pages: paste works, with what mail programs put between digits."""
    assert plain(typed) == "12345678"


def test_marks() -> None:
    """AL-04: login, purpose, mailbox, guest and identity each make another mark."""
    identity = ("northwind", "https://northwind.example", "nora")
    boxes = [
        Mailbox(why=Why.INVITED, address="a@b.example", person="p", identity=identity),
        Mailbox(why=Why.RECORDED, address="a@b.example", person="p", identity=identity),
        Mailbox(why=Why.INVITED, address="c@b.example", person="p", identity=identity),
        Mailbox(why=Why.INVITED, address="a@b.example", person="q", identity=identity),
        Mailbox(why=Why.INVITED, address="a@b.example", person="p", identity=("fabrikam", *identity[1:])),
        Mailbox(why=Why.INVITED, address="a@b.example", person="p", identity=(*identity[:2], "mallory")),
        Mailbox(why=Why.INVITED, address="a@b.example", person="p"),
    ]
    marks = {box.mark(login) for box in boxes for login in ("one", "two")}
    assert len(marks) == 2 * len(boxes)
