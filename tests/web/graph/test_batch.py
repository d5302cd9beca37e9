"""`POST /$batch`: twenty requests in one, each on its own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.graph.api import ALL, Api, error_of

BASE = "http://localhost/v1.0"
GROUP = {"displayName": "Auditors", "mailEnabled": False}


def sent(api: Api, *items: dict[str, Any], by: str = ALL) -> dict[str, dict[str, Any]]:
    numbered = [{"id": str(number), "method": "GET", **item} for number, item in enumerate(items)]
    answer = api.post("/$batch", {"requests": numbered}, by=by)
    assert answer.status_code == 200, answer.text
    return {one["id"]: one for one in answer.get_json()["responses"]}


def test_addresses_of_requests(api: Api):
    """Relative, from the prefix, and absolute of this origin; each answer has status, headers and body."""
    for url in ("/groups?$top=5", "groups?$top=5", "/v1.0/groups?$top=5", f"{BASE}/groups?$top=5"):
        one = sent(api, {"url": url})["0"]
        assert (one["status"], one["body"]["value"]) == (200, []), url
        assert one["headers"]["Content-Type"] == "application/json"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example/v1.0/groups", "http://localhost.evil.example/v1.0/groups", "http://localhost:81/v1.0/groups",
        "//evil.example/v1.0/groups", "http://localhost@evil.example/v1.0", "\\\\evil.example", "/$batch", "/v1.0/$batch", "/%24batch",
        "http://localhost/token", "groups#x", "/groups\n",
    ],
)  # fmt: skip
def test_addresses_of_elsewhere(api: Api, url: str):
    """AD-02: no request leaves this API, and no batch is in a batch."""
    assert sent(api, {"url": url})["0"]["status"] == 400


def test_paths_outside_of_the_api(api: Api):
    """A request cannot reach another part of the broker."""
    for url in ("/../token", "/v1.0/../token", "/token", "/../../admin", "/%2e%2e/token", "/"):
        assert sent(api, {"url": url})["0"]["status"] == 404, url


def test_each_request_is_its_own(both: Api):
    """One that fails undoes none of the others, and each is answered as if it came alone."""
    answers = sent(
        both,
        {"method": "POST", "url": "/groups", "body": GROUP, "headers": {"Content-Type": "application/json"}},
        {"method": "POST", "url": "/groups", "body": GROUP},
        {"url": "/groups/00000000-0000-4000-8000-000000000000"},
        {"url": "/groups/$count", "headers": {"consistencyLevel": "eventual"}},
    )
    assert {number: one["status"] for number, one in answers.items()} == {"0": 201, "1": 409, "2": 404, "3": 200}
    assert answers["1"]["body"]["error"]["code"] == "Conflict"
    assert answers["3"]["body"] == "1"
    ids = [answers[number]["headers"]["request-id"] for number in ("0", "1", "2")]
    assert len(set(ids)) == 3
    (made,) = both.audited("group.created")
    assert made["request_id"] == ids[0]


def test_dependencies(api: Api):
    """In the order that they ask for, in both spellings; after one that failed the next is not sent: 424."""
    answers = sent(
        api,
        {"url": "/groups/$count", "headers": {"ConsistencyLevel": "eventual"}, "dependsOn": ["2"]},
        {"method": "POST", "url": "/groups", "body": {"displayName": ""}},
        {"method": "POST", "url": "/groups", "body": GROUP},
        {"method": "POST", "url": "/groups", "body": {"displayName": "More"}, "depends_on": ["1"]},
        {"url": "/groups", "dependsOn": ["3"]},
    )
    assert {number: one["status"] for number, one in answers.items()} == {"0": 200, "1": 400, "2": 201, "3": 424, "4": 424}
    assert answers["0"]["body"] == "1"
    assert answers["3"]["body"]["error"]["code"] == "FailedDependency"


@pytest.mark.parametrize(
    "requests",
    [
        [],
        "x",
        [{"id": str(n), "method": "GET", "url": "/groups"} for n in range(21)],
        [{"id": "1", "method": "GET", "url": "/groups"}] * 2,
        [{"method": "GET", "url": "/groups"}],
        [{"id": "1", "method": "OPTIONS", "url": "/groups"}],
        [{"id": "1", "method": "GET"}],
        [{"id": "1", "method": "GET", "url": "/groups", "dependsOn": ["2"]}],
        [{"id": "1", "method": "GET", "url": "/groups", "dependsOn": ["1"]}],
        [{"id": "1", "method": "GET", "url": "/groups", "headers": {"x": 7}}],
        [{"id": "1", "method": "GET", "url": "/groups", "headers": {"x": "a\nb"}}],
        [{"id": "1", "method": "GET", "url": "/groups", "token": "x"}],
    ],
)
def test_what_is_no_batch(api: Api, requests: Any):
    """A batch that cannot be read is refused whole, and nothing of it is sent."""
    assert error_of(api.post("/$batch", {"requests": requests}))[0] == 400


def test_permissions_in_a_batch(api: Api):
    """AD-04: each request is judged with the token of the batch; a header of a request cannot change who asks."""
    api.bearer("group-readwrite-all")
    headers = {"Authorization": api.bearer()["Authorization"], "Host": "evil.example", "X-HTTP-Method-Override": "DELETE"}
    one = sent(api, {"url": "/groups", "headers": headers}, by="user-read-all")["0"]
    assert (one["status"], one["body"]["error"]["code"]) == (403, "Authorization_RequestDenied")
    assert api.client.post("/v1.0/$batch", json={"requests": []}, base_url="http://localhost").status_code == 401


def test_each_request_counts(api: Api, monkeypatch: pytest.MonkeyPatch):
    """The limit of requests holds inside of a batch, and says when to come again."""
    api.bearer()
    monkeypatch.setattr(api.broker.oauth.api_access, "_requests", 3)
    answers = sent(api, *[{"url": "/groups"}] * 4)
    assert [answers[str(number)]["status"] for number in range(4)] == [200, 200, 429, 429]
    assert int(answers["3"]["headers"]["Retry-After"]) > 0
