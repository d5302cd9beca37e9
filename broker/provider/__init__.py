"""The OpenID Provider towards applications: request reader, client authentication, pyop on our own state (HP-1)."""
