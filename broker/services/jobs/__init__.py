"""Work on many guests at once: lists of guests to add, and acts on a selection, in batches that outlive a request.

Owns: jobs and their rows: how they are made, begun, continued, stopped and reported.
Does not know: what an act does to one guest: the services of guests, invitations and access do it.
Offers: `Jobs`, `GuestImports`, `GuestSelections`, `JobBatches`.
"""
