"""A relying party with Authlib and Flask: /login signs in, / shows the claims, /refresh renews the tokens, /logout signs out.

HOST=127.0.0.21 PORT=5000 ISSUER=http://localhost:8080 CLIENT_ID=sample CLIENT_SECRET=... python app.py
"""

import os
import secrets
from urllib.parse import urlencode

from authlib.integrations.flask_client import OAuth, OAuthError
from flask import Flask, redirect, session, url_for

METADATA = f"{os.environ['ISSUER']}/.well-known/openid-configuration"
CLIENT = {"client_id": os.environ["CLIENT_ID"], "client_secret": os.environ["CLIENT_SECRET"]}
WANTED = {"scope": "openid profile email offline_access", "code_challenge_method": "S256"}
app = Flask(__name__)
app.config |= {"SECRET_KEY": secrets.token_bytes(32), "SESSION_COOKIE_NAME": "sample"}
broker = OAuth(app).register("broker", server_metadata_url=METADATA, client_kwargs=WANTED, **CLIENT)
tokens = {}  # by session: no token travels in the cookie


@app.get("/login")
def login():
    return broker.authorize_redirect(url_for("callback", _external=True))


@app.get("/cb")
def callback():
    token = broker.authorize_access_token()  # compares state; verifies signature, iss, aud, exp, nonce and at_hash
    session["id"] = secrets.token_urlsafe(32)
    tokens[session["id"]] = token
    return redirect("/")


@app.get("/")
def home():
    return dict(tokens[session["id"]]["userinfo"]) if session.get("id") in tokens else redirect("/login")


@app.get("/refresh")
def refresh():
    token = tokens[session["id"]]
    token |= broker.fetch_access_token(grant_type="refresh_token", refresh_token=token["refresh_token"])  # each one works once
    return {"expires_at": token["expires_at"]}


@app.get("/logout")
def logout():
    token = tokens.pop(session.pop("id", None), {})
    query = {"id_token_hint": token.get("id_token", ""), "post_logout_redirect_uri": url_for("home", _external=True)}
    return redirect(f"{broker.load_server_metadata()['end_session_endpoint']}?{urlencode(query)}")


@app.errorhandler(OAuthError)
def failed(error):
    return {"error": error.error}, 400


app.run(os.environ["HOST"], int(os.environ["PORT"]))
