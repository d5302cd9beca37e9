"""The set-up of a partner, before its file is in force.

Owns: links for a partner's IT, drafts of partners' files and what is wrong with them.
Does not know: how partners of the files sign people in, and how pages look. It never writes a file of config/.
Offers: `SetupLinks`, `PartnerDrafts`.
"""
