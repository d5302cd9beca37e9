"""Outbound HTTP.

Owns: every request to an address that a file or a partner names: allowed addresses, pinning, limits, TLS.
Does not know: the meaning of the responses.
Offers: `HttpClient`.
"""
