"""Config files.

Owns: reading, validating and reloading every file of config/, with errors by file, line and key.
Does not know: what the settings are used for.
Offers: `load`, `CurrentSettings`, the models.
"""
