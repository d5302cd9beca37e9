"""A Django site with mozilla-django-oidc at /oidc/ and django-allauth at /accounts/, as their documentation sets them up.

Runs in the environment of applications.txt, not in ours. HOST, PORT, ISSUER, CLIENT_ID, CLIENT_SECRET, FOLDER. Prints "READY ADDRESS".
"""

from __future__ import annotations

import json
import os
import urllib.request
from wsgiref.simple_server import WSGIRequestHandler, make_server

from django.conf import settings

ENV = os.environ
ADDRESS = f"http://{ENV['HOST']}:{ENV['PORT']}"
with urllib.request.urlopen(f"{ENV['ISSUER']}/.well-known/openid-configuration", timeout=10) as answer:
    DISCOVERED = json.load(answer)

settings.configure(
    SECRET_KEY="only-for-tests",
    DEBUG=True,
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF=__name__,
    LOGIN_REDIRECT_URL="/",
    SESSION_COOKIE_NAME="django",
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": f"{ENV['FOLDER']}/django.db"}},
    INSTALLED_APPS=[
        "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.messages",
        "mozilla_django_oidc", "allauth", "allauth.account", "allauth.socialaccount", "allauth.socialaccount.providers.openid_connect",
    ],
    MIDDLEWARE=[
        "django.contrib.sessions.middleware.SessionMiddleware", "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware", "django.contrib.auth.middleware.AuthenticationMiddleware",
        "django.contrib.messages.middleware.MessageMiddleware", "allauth.account.middleware.AccountMiddleware",
    ],
    TEMPLATES=[{
        "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
        "OPTIONS": {"context_processors": ["django.template.context_processors.request", "django.contrib.auth.context_processors.auth"]},
    }],
    AUTHENTICATION_BACKENDS=[
        "mozilla_django_oidc.auth.OIDCAuthenticationBackend", "allauth.account.auth_backends.AuthenticationBackend",
    ],
    OIDC_RP_CLIENT_ID=ENV["CLIENT_ID"],
    OIDC_RP_CLIENT_SECRET=ENV["CLIENT_SECRET"],
    OIDC_RP_SIGN_ALGO="RS256",
    OIDC_RP_SCOPES="openid email profile",
    OIDC_USE_PKCE=True,
    OIDC_OP_AUTHORIZATION_ENDPOINT=DISCOVERED["authorization_endpoint"],
    OIDC_OP_TOKEN_ENDPOINT=DISCOVERED["token_endpoint"],
    OIDC_OP_USER_ENDPOINT=DISCOVERED["userinfo_endpoint"],
    OIDC_OP_JWKS_ENDPOINT=DISCOVERED["jwks_uri"],
    ACCOUNT_EMAIL_VERIFICATION="none",
    SOCIALACCOUNT_LOGIN_ON_GET=True,
    SOCIALACCOUNT_PROVIDERS={"openid_connect": {
        "OAUTH_PKCE_ENABLED": True,
        "APPS": [{
            "provider_id": "broker", "name": "Broker", "client_id": ENV["CLIENT_ID"], "secret": ENV["CLIENT_SECRET"],
            "settings": {"server_url": ENV["ISSUER"], "token_auth_method": "client_secret_basic"},
        }],
    }},
    USE_TZ=True,
)  # fmt: skip

import django  # noqa: E402 - the settings come first

django.setup()

from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import HttpRequest, JsonResponse  # noqa: E402
from django.urls import include, path  # noqa: E402


def home(request: HttpRequest) -> JsonResponse:
    """Who is signed in."""
    user = request.user
    return JsonResponse({"signed_in": user.is_authenticated, "email": getattr(user, "email", ""), "user": user.get_username()})


urlpatterns = [path("", home), path("oidc/", include("mozilla_django_oidc.urls")), path("accounts/", include("allauth.urls"))]


class Quiet(WSGIRequestHandler):
    """Logs nothing."""

    def log_message(self, *args: object) -> None:
        """Nothing."""


if __name__ == "__main__":
    call_command("migrate", verbosity=0)
    server = make_server(ENV["HOST"], int(ENV["PORT"]), get_wsgi_application(), handler_class=Quiet)
    print("READY", ADDRESS, flush=True)
    server.serve_forever()
