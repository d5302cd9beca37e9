"""Root keys in `keys/`, and the ring of signing, SAML and decryption keys sealed under them (HP-42, HT-15)."""
