"""Guest Broker: an OpenID Provider to a company's applications, a relying party of its partners' identity providers."""

__version__ = "0.1.0"
