"""Federations: partners without files, by one signed aggregate.

Owns: the index of a federation's entities, its refresh, an entity as a partner, the search by name.
Does not know: sign-ins; how an aggregate is verified (`saml`), what a partner's provider says (`connectors`).
Offers: `FederatedPartners` (the look-up), `FederationIndex` (the refresh), `FederationSearch`.
"""
