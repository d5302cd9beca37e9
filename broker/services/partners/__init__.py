"""Home organizations at run time.

Owns: metadata, discovery and keys of partners: fetched, kept, refreshed, shared between nodes.
Does not know: the protocols themselves.
Offers: `Partners`, documents and their readers.
"""
