"""Asks the connector of an application: one signed POST, and an answer that is read closely. Any failure denies."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from uuid import UUID, uuid5

from broker.connectors.outbound.client import HttpClient, HttpFailure
from broker.domain.api_connector import ConnectorStep
from broker.domain.assertion import Assertion
from broker.domain.guest import Person
from broker.domain.ids import digest
from broker.domain.login import Login
from broker.services.events.signature import signature
from broker.services.sign_up.connector_answer import MAX_ANSWER, ConnectorAnswer, failed, read_answer
from broker.settings.connector_section import ConnectorSection


def mark_of(step: ConnectorStep, client_id: str | None, login: Login, person: Person | None) -> str:
    """Of what it is asked about: the step, the application, and the identity that signed in, or the person who is signed in."""
    said: Assertion | None = login.assertion
    who = [person.id if person else ""] if said is None else [said.partner, said.issuer, said.subject, said.email or ""]
    return digest(json.dumps([step.value, client_id, *who]))


class ConnectorClient:
    """The HTTP side; when it is asked, and once, is services/login/connector_steps.py."""

    def __init__(self, http: Callable[[Sequence[str]], HttpClient], clock: Callable[[], int]) -> None:
        self._http = http
        self._clock = clock

    def ask(self, section: ConnectorSection, step: ConnectorStep, login_id: str, said: Mapping[str, object]) -> ConnectorAnswer:
        """The answer to one question. Never raises: no answer within ten seconds, a redirect or another status is FAILED.

        The id is of login and content: the same question again, after a failure, has the same one, so the receiver can recognise it.
        """
        body = json.dumps({"step": step.value, **said}, separators=(",", ":")).encode()
        message_id, now = str(uuid5(UUID(login_id), digest(body.decode()))), self._clock()
        headers = {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(now),
            "webhook-signature": signature(section.secret.get_secret_value(), message_id, now, body),
        }
        try:
            answer = self._http((section.url,)).post(
                section.url, body, headers=headers, accept="application/json", max_bytes=MAX_ANSWER
            )
        except HttpFailure as error:
            return failed(error.reason)
        if answer.status != 200:
            return failed("answer_status")
        if answer.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
            return failed("answer_type")
        return read_answer(answer.body, step)

    def waiting(self, section: ConnectorSection) -> AbstractContextManager[None]:
        """A place for a request that waits for another one's answer (FA-02). Raises HttpFailure."""
        return self._http((section.url,)).waiting(section.url)
