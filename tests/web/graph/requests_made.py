"""Schemathesis makes requests from the OpenAPI document, to the application itself, without a network."""

from __future__ import annotations

from collections import Counter
from typing import Any

import schemathesis
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.config import SchemathesisConfig
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from tests.web.graph.api import ISSUER, Api

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    unsupported_method,
    negative_data_rejection,
]
REFUSED = [400, 401, 403, 404, 405, 409, 412, 413, 414, 415, 501]  # what a request that the document does not describe may get


def things(api: Api) -> dict[str, str]:
    """Parameter of a path -> an object that there is."""
    group = api.post("/groups", {"displayName": "Auditors", "mailEnabled": False}).get_json()["id"]
    app = api.get("/applications?$filter=appId eq 'payroll'").get_json()["value"][0]["id"]
    return {"user": api.guest("ann"), "group": group, "app": app, "person": api.guest("ben"), "partner": "fabrikam"}


def ask_everything(api: Api, examples: int, start: int) -> Counter[str]:
    """Sends `examples` valid and as many wrong requests to each operation; fails at the first answer that the document does not have.

    start: the seed. Returns how many requests each operation got.
    """
    known, sent = things(api), Counter[str]()
    api.broker.oauth.api_access._requests = 10**9
    config = SchemathesisConfig.from_dict({"checks": {"negative_data_rejection": {"expected-statuses": REFUSED}}})
    schema = schemathesis.openapi.from_wsgi("/v1.0/openapi.json", api.client.application, config=config)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):

            def send(case: Any, real: bool) -> None:
                if real and case.meta.generation.mode is GenerationMode.POSITIVE:
                    case.path_parameters = {name: known.get(name, value) for name, value in (case.path_parameters or {}).items()}
                case.call_and_validate(base_url=f"{ISSUER}/v1.0", headers=api.bearer(), checks=CHECKS)
                sent[case.operation.label] += 1

            cases = operation.as_strategy(generation_mode=mode)
            bounded = settings(max_examples=examples, deadline=None, database=None, suppress_health_check=list(HealthCheck))
            seed(start)(bounded(given(case=cases, real=st.booleans())(send)))()
    return sent
