"""Second factors.

Owns: the arithmetic of authenticator codes, passkeys and recovery codes.
Does not know: who has which factor and when one is asked for.
Offers: one module a factor.
"""
