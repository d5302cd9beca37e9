"""OpenID Connect towards a partner: discovery, the code flow, and one function that verifies an ID token."""
