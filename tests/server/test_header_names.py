"""Which headers of a request reach the application, by the parser of `broker serve`."""

from __future__ import annotations

from typing import Any

from gunicorn.config import Config

from broker.server.exchange import answer


def test_mt_01_no_other_spelling_of_a_header() -> None:
    """MT-01: a proxy removes `Client-Cert`; `Client_Cert` is the same name in the environment (RFC 3875 4.1.18), so it is dropped."""
    seen: list[dict[str, Any]] = []

    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        seen.append(environ)
        start_response("200 OK", [])
        return [b""]

    raw = b"GET / HTTP/1.1\r\nHost: a.example\r\nClient_Cert: forged\r\nX_Forwarded_For: 192.0.2.1\r\nClient-Other: kept\r\n\r\n"
    address = ("127.0.0.1", 1)
    found, _ = answer(Config(), application, raw, address, address, is_last=lambda: True)
    assert found.startswith(b"HTTP/1.1 200")
    assert seen[0]["HTTP_CLIENT_OTHER"] == "kept"
    assert not {"HTTP_CLIENT_CERT", "HTTP_X_FORWARDED_FOR"} & seen[0].keys()
