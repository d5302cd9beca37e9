"""The HTTP-Redirect and HTTP-POST bindings of a message that we send (HS-33; SAML bindings 3.4, 3.5)."""

from __future__ import annotations

import base64
import zlib
from typing import Final
from urllib.parse import quote

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from broker.saml.keys import PrivateKey
from broker.saml.signing import sign_root

REDIRECT: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
POST: Final = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
RSA_SHA256: Final = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_SIG_ALG: Final = quote(RSA_SHA256, safe="")


def redirect_url(destination: str, field: str, xml: bytes, relay_state: str | None, key: PrivateKey | None) -> str:
    """The address to send the browser to. field: SAMLRequest or SAMLResponse. relay_state: None for none.

    With a key, the signature covers the octets of the query as they are sent (bindings 3.4.4.1).
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = base64.b64encode(packer.compress(xml) + packer.flush()).decode("ascii")
    query = f"{field}={_escaped(packed)}"
    if relay_state is not None:
        query += f"&RelayState={quote(relay_state, safe='')}"
    if key is not None:
        query += f"&SigAlg={_SIG_ALG}"
        signature = key.sign(query.encode("ascii"), padding.PKCS1v15(), hashes.SHA256())
        query += f"&Signature={_escaped(base64.b64encode(signature).decode('ascii'))}"
    return f"{destination}{'&' if '?' in destination else '?'}{query}"


def post_form(field: str, xml: bytes, relay_state: str | None, key: PrivateKey | None) -> dict[str, str]:
    """The fields of a form that submits itself; with a key, the XML carries its signature (bindings 3.5.4; core 5.4)."""
    signed = xml if key is None else sign_root(xml, key)
    relayed = {} if relay_state is None else {"RelayState": relay_state}
    return {field: base64.b64encode(signed).decode("ascii"), **relayed}


def _escaped(text: str) -> str:
    """Base64 for a query (RFC 4648 4): three of its characters have a meaning there."""
    return text.replace("+", "%2B").replace("/", "%2F").replace("=", "%3D")
