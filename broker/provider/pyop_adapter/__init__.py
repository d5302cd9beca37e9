"""The adapter to pyop.

Owns: the one subclass of pyop's Provider and the state that it runs on (docs/pyop.md says which functions run).
Does not know: HTTP and storage.
Offers: `op`, `state`, and the relay between the library's loggers and our log.
"""
