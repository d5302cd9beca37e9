"""The keys at rest.

Owns: root keys in files, sealing under them, and the ring of signing keys with their states.
Does not know: what is signed.
Offers: root keys, `Sealer`, the key ring.
"""
