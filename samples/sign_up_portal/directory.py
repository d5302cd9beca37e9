"""The company's guests, through the management API of the broker, with Microsoft's SDK for Graph."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from azure.core.credentials import AccessToken
from azure.identity import ClientSecretCredential
from kiota_abstractions.api_error import APIError
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphRequestAdapter, GraphServiceClient
from msgraph.generated.models.invitation import Invitation
from msgraph.generated.models.o_data_errors.o_data_error import ODataError
from msgraph.generated.models.user import User
from msgraph.generated.users.users_request_builder import UsersRequestBuilder

from .pages import Guest, NotDone

SECONDS = 30  # that a request may take, with the SDK's own repetitions
_Result = TypeVar("_Result")
_Query = UsersRequestBuilder.UsersRequestBuilderGetQueryParameters


@dataclass
class LoopbackCredential:
    """A token by client credentials over plain http, which azure-identity refuses. Only for a demo on this machine."""

    broker: str
    client_id: str
    client_secret: str
    held: AccessToken | None = None

    def get_token(self, *scopes: str, **_options: Any) -> AccessToken:
        """The token that is held, or a new one a minute before it ends."""
        if self.held is None or self.held.expires_on < time.time() + 60:
            form = {"grant_type": "client_credentials", "scope": " ".join(scopes)}
            answer = (
                httpx.post(f"{self.broker}/token", data=form, auth=(self.client_id, self.client_secret)).raise_for_status().json()
            )
            self.held = AccessToken(answer["access_token"], int(time.time()) + answer["expires_in"])
        return self.held


class Directory:
    """Invites people, and lists the guests. broker: its issuer. landing: the address of the application that guests are invited to."""

    def __init__(self, broker: str, client_id: str, client_secret: str, landing: str) -> None:
        credential: Any = LoopbackCredential(broker, client_id, client_secret)
        if broker.startswith("https:"):
            credential = ClientSecretCredential(
                "contoso", client_id, client_secret, authority=broker, disable_instance_discovery=True
            )
        adapter = GraphRequestAdapter(AzureIdentityAuthenticationProvider(credential, scopes=[f"{broker}/.default"]))
        adapter.base_url = f"{broker}/v1.0"  # before the client is made
        self._graph = GraphServiceClient(request_adapter=adapter)
        self._landing = landing
        self._loop = asyncio.new_event_loop()  # the SDK is asynchronous, Flask is not: one loop in a thread serves all requests
        threading.Thread(target=self._loop.run_forever, daemon=True).start()

    def invite(self, email: str, name: str, sponsor: str | None = None) -> None:
        """Invite somebody by e-mail. sponsor: the address of the member who answers for them. Raises NotDone."""
        self._wait(self._invite(email, name, sponsor))

    def guests(self) -> list[Guest]:
        """Fifty guests, with the state of their invitation. Raises NotDone."""
        return self._wait(self._guests())

    async def _invite(self, email: str, name: str, sponsor: str | None) -> None:
        members = [await self._member(sponsor)] if sponsor else None
        wish = Invitation(
            invited_user_email_address=email,
            invited_user_display_name=name,
            invite_redirect_url=self._landing,
            invited_user_sponsors=members,
            send_invitation_message=True,
        )
        await self._graph.invitations.post(wish)

    async def _member(self, email: str) -> User:
        quoted = email.replace("'", "''")  # OData 4.01, 5.1.1.6.1
        for one in await self._users(f"userType eq 'Member' and mail eq '{quoted}'"):
            return User(id=one.id)
        raise NotDone(f"{email} is no member of the company")

    async def _guests(self) -> list[Guest]:
        found = await self._users("userType eq 'Guest'")
        return [Guest(one.mail or "", one.display_name or "", one.external_user_state or "") for one in found]

    async def _users(self, condition: str) -> list[User]:
        query = _Query(filter=condition, select=["id", "mail", "displayName", "externalUserState"], top=50)
        page = await self._graph.users.get(RequestConfiguration(query_parameters=query))
        return list(page.value or []) if page else []

    def _wait(self, work: Coroutine[Any, Any, _Result]) -> _Result:
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result(SECONDS)
        except ODataError as error:
            raise NotDone(error.error.message if error.error and error.error.message else "the broker refused") from error
        except (APIError, httpx.HTTPError, TimeoutError) as error:
            raise NotDone("the broker does not answer") from error
