"""A stock credential of azure-identity, with a secret or a certificate, gets a token and reads users with it. Prints the status and the number of users."""

import os
import sys

import httpx
from azure.identity import CertificateCredential, ClientSecretCredential

E = os.environ
options = {"authority": E["AUTHORITY"], "disable_instance_discovery": True, "connection_verify": E["CA_BUNDLE"]}
if "CERTIFICATE" in E:
    credential = CertificateCredential("contoso", E["CLIENT_ID"], E["CERTIFICATE"], **options)
else:
    credential = ClientSecretCredential("contoso", E["CLIENT_ID"], E["CLIENT_SECRET"], **options)
token = credential.get_token(f"{E['AUTHORITY']}/.default", enable_cae=True).token
answer = httpx.get(f"{E['AUTHORITY']}/v1.0/users", headers={"Authorization": f"Bearer {token}"}, verify=E["CA_BUNDLE"])
sys.stdout.write(f"{answer.status_code} {len(answer.json().get('value', []))}\n")
