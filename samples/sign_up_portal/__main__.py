"""Starts the portal: PORTAL, BROKER, LANDING, CLIENT_ID, CLIENT_SECRET and PARTNERS come from the environment (README.md)."""

from __future__ import annotations

import os
from urllib.parse import urlsplit

from werkzeug.serving import make_server

from .directory import Directory
from .pages import create_portal

E = os.environ
directory = Directory(E["BROKER"], E["CLIENT_ID"], E["CLIENT_SECRET"], E["LANDING"])
portal = create_portal(directory, E["BROKER"], E["CLIENT_ID"], E["CLIENT_SECRET"], E["PARTNERS"].split())
place = urlsplit(E["PORTAL"])
server = make_server(place.hostname or "127.0.0.1", place.port or 0, portal, threaded=True)
print("READY", E["PORTAL"], flush=True)
server.serve_forever()
