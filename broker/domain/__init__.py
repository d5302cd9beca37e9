"""The terms and rules of the broker.

Owns: frozen records and pure functions on the standard library: the table of gates, states, policies, claims, errors.
Does not know: clocks, randomness aside from ids, files, network, the database, HTTP.
Offers: one module a term.
"""
