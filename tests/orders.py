"""An application of the tests' own in the testing kit's cast, which starts once for a run: conftest.py registers it."""

CALLBACK = "http://127.0.0.21:9/callback"
SECRET = "only-for-tests-0123456789"
FILE = {"name": "Orders", "client_secret": SECRET, "redirect_uris": [CALLBACK]}
