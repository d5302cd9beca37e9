"""`/faults` of a partner: its switches, as a page and as JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from typing import Protocol

from flask import jsonify, request
from werkzeug.wrappers import Response as AnyResponse

from broker.demo.faults import Fault
from broker.demo.identity import ProtocolError
from broker.demo.page import button, form


class Faulty(Protocol):
    """What can be made wrong; fault: the name of the switch that is on."""

    fault: str


def switches(faults: Mapping[str, Fault], provider: Faulty, show: Callable[[str], AnyResponse]) -> AnyResponse:
    """Show or turn the switches of the request at hand. show: a page with this body. Raises Refused for an unknown one."""
    if request.method == "POST":
        data = request.get_json(silent=True) if request.is_json else request.form
        wanted = str((data or {}).get("fault", ""))
        if wanted not in faults:
            raise ProtocolError("invalid_request", f"fault is one of {', '.join(faults)}")
        provider.fault = wanted
    if request.is_json or request.accept_mimetypes.best_match(["text/html", "application/json"]) == "application/json":
        return jsonify(fault=provider.fault, faults={fault.name: fault.title for fault in faults.values()})
    rows = "".join(
        f"<p>{button(f.name, name='fault', value=f.name, pressed=f.name == provider.fault)} {escape(f.title)}</p>"
        for f in faults.values()
    )
    return show(form("/faults", rows))
