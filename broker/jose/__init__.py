"""The one JOSE module, on `cryptography`: an explicit table of algorithms, strict reading, signing (HT-1)."""
