"""Outbound HTTP.

Owns: every request that the broker sends to an address that a file or a partner names: allowed addresses, pinning, limits,
    TLS.
Does not know: what the answers mean.
Offers: `HttpClient`.
"""
