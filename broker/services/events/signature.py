"""The signature of a webhook's notice (Standard Webhooks 1.0, "Signature scheme": v1, symmetric)."""

from __future__ import annotations

import base64
import hmac

from broker.settings.webhook_section import PREFIX


def signature(secret: str, message_id: str, at: int, body: bytes) -> str:
    """`v1,` and the HMAC-SHA256 of id, time and body. secret: whsec_ and base64, as the file has it. at: seconds since 1970."""
    key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    signed = f"{message_id}.{at}.".encode() + body
    return f"v1,{base64.b64encode(hmac.digest(key, signed, 'sha256')).decode('ascii')}"
