"""The authorization response: code or error, always with `iss` and `state` (HP-21)."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlencode, urlsplit

from flask import Response

from broker.domain.request import AuthorizationRequest
from broker.provider.request import RequestRefused
from broker.web import headers
from broker.web.errors import oauth_description
from broker.web.pages import Pages


def respond(issuer: str, request: AuthorizationRequest | RequestRefused, params: Mapping[str, str], pages: Pages) -> Response:
    """Sends the response to the verified redirect_uri: a 303 redirect (HW-6), or a form that posts itself (HP-53).

    params: `code`, or `error`, whose description comes from the one table (HP-27).
    """
    answer = dict(params)
    if "error" in answer:
        answer["error_description"] = oauth_description(answer["error"])
    answer["iss"] = issuer  # RFC 9207 2
    if request.state is not None:
        answer["state"] = request.state
    if request.response_mode == "form_post":
        target = urlsplit(request.redirect_uri).hostname or ""
        return pages.render("post_form.html", target=target, action=request.redirect_uri, fields=answer)
    separator = "&" if "?" in request.redirect_uri else "?"
    return see(f"{request.redirect_uri}{separator}{urlencode(answer)}")


def see(location: str) -> Response:
    """A 303 redirect: the browser continues with a GET, also after a POST (HW-6, AZ-22). location: verified, or one of ours."""
    return headers.private(Response("", 303, {"Location": location}, mimetype="text/plain"))
