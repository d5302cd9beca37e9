"""JupyterHub with the generic OAuth authenticator, as its documentation sets it up. HOST, PORT, ISSUER, CLIENT_ID, CLIENT_SECRET, PROXY."""

import json
import os
import urllib.request

ENV = os.environ
HOST, PORT = ENV["HOST"], int(ENV["PORT"])
with urllib.request.urlopen(f"{ENV['ISSUER']}/.well-known/openid-configuration", timeout=10) as answer:
    DISCOVERED = json.load(answer)

c = get_config()  # type: ignore[name-defined]  # noqa: F821 - JupyterHub defines it
c.JupyterHub.bind_url = f"http://{HOST}:{PORT}"
c.JupyterHub.hub_bind_url = f"http://{HOST}:{ENV['HUB_PORT']}"
c.ConfigurableHTTPProxy.api_url = f"http://{HOST}:{ENV['API_PORT']}"
c.ConfigurableHTTPProxy.auth_token = "only-for-tests"
c.ConfigurableHTTPProxy.command = [ENV["PROXY"]]
c.ConfigurableHTTPProxy.pid_file = "proxy.pid"
c.JupyterHub.db_url = "sqlite:///:memory:"
c.JupyterHub.cookie_secret_file = "cookie"
c.JupyterHub.spawner_class = "simple"
c.JupyterHub.redirect_to_server = False
c.JupyterHub.authenticator_class = "generic-oauth"
c.GenericOAuthenticator.client_id = ENV["CLIENT_ID"]
c.GenericOAuthenticator.client_secret = ENV["CLIENT_SECRET"]
c.GenericOAuthenticator.oauth_callback_url = f"http://{HOST}:{PORT}/hub/oauth_callback"
c.GenericOAuthenticator.authorize_url = DISCOVERED["authorization_endpoint"]
c.GenericOAuthenticator.token_url = DISCOVERED["token_endpoint"]
c.GenericOAuthenticator.userdata_url = DISCOVERED["userinfo_endpoint"]
c.GenericOAuthenticator.scope = ["openid", "email", "profile"]
c.GenericOAuthenticator.username_claim = "email"
c.GenericOAuthenticator.allow_all = True
