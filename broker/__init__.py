"""Guest Broker: an OpenID Provider to a company's applications, a relying party of its partners' identity providers.

Owns: the way from an application's authorization request to its answer, for people of other organizations.
Does not know: the passwords of those people, and what an application does with a guest.
Offers: the command `broker` (cli), the WSGI application (wsgi) and `app.build`, which puts all parts together; docs/architecture.md.
"""

__version__ = "0.1.0"
