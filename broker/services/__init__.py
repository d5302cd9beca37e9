"""Use-cases: one class a subject, one public method = one use-case = one transaction. Permission first, audit last."""
