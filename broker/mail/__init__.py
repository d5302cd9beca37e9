"""E-mail delivery.

Owns: writing a message and handing it to SMTP or to a folder.
Does not know: what the messages say and when they are due.
Offers: one transport a scheme of `mail.server`.
"""
