"""A stock credential of azure-identity gets a token and reads users with it. Prints the status and the number of users."""

import os
import sys

import httpx
from azure.identity import ClientSecretCredential

E = os.environ
credential = ClientSecretCredential(
    "contoso",
    E["CLIENT_ID"],
    E["CLIENT_SECRET"],
    authority=E["AUTHORITY"],
    disable_instance_discovery=True,
    connection_verify=E["CA_BUNDLE"],
)
token = credential.get_token(f"{E['AUTHORITY']}/.default", enable_cae=True).token
answer = httpx.get(f"{E['AUTHORITY']}/v1.0/users", headers={"Authorization": f"Bearer {token}"}, verify=E["CA_BUNDLE"])
sys.stdout.write(f"{answer.status_code} {len(answer.json().get('value', []))}\n")
