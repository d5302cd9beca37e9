"""Four clients invite by `$batch` at the same moment, each address twice."""

from __future__ import annotations

from collections import defaultdict

from sqlalchemy import func, select

from broker.storage.tables import invitations, people
from tests.race import race
from tests.web.graph.api import ISSUER, Api

CLIENTS = 4
BATCH = 20  # requests of one batch


def invite_at_once(api: Api, block: int) -> None:
    """Each client invites its own block of addresses and that of the next client: 8 * block invitations, 4 * block people.

    Every invitation is made, both of an address name one guest, and of the links of an address one works.
    """
    for number in range(CLIENTS):
        api.program(f"loader-{number}", "User.Invite.All")
        api.bearer(f"loader-{number}")

    def work(number: int) -> list[tuple[str, str]]:
        client, found = api.client.application.test_client(use_cookies=False), []
        addresses = [f"guest{one}.{row}@fabrikam.example" for row in range(block) for one in (number, (number + 1) % CLIENTS)]
        for start in range(0, len(addresses), BATCH):
            part = addresses[start : start + BATCH]
            requests = [
                {
                    "id": address,
                    "method": "POST",
                    "url": "/invitations",
                    "body": {"invitedUserEmailAddress": address, "inviteRedirectUrl": f"{ISSUER}/apps"},
                }
                for address in part
            ]
            headers = api.bearer(f"loader-{number}")
            answer = client.post("/v1.0/$batch", json={"requests": requests}, base_url=ISSUER, headers=headers)
            for one in answer.get_json()["responses"]:
                assert one["status"] == 201, one
                found.append((one["id"], one["body"]["invitedUser"]["id"]))
        return found

    guests: dict[str, list[str]] = defaultdict(list)
    for made in race(work, CLIENTS):
        for address, guest in made:
            guests[address].append(guest)
    assert len(guests) == CLIENTS * block
    assert all(len(ids) == 2 and ids[0] == ids[1] for ids in guests.values())
    with api.broker.core.db.read() as tx:
        assert tx.execute(select(func.count()).select_from(people)).scalar_one() == CLIENTS * block
        pending = select(func.count()).select_from(invitations).where(invitations.c.status == "pending")
        assert tx.execute(pending).scalar_one() == CLIENTS * block
