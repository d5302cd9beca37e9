"""The ways to a home organization: one pair of verbs (domain/connector.py), one outbound client, one table of names."""
