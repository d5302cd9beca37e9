"""Every row of a database, taken to another one.

Owns: the rows of all tables as plain values, their sums, a copy that continues after an interruption, and the file of a backup.
Does not know: what a row means, and which command asks.
Offers: `rows` (measure), `copying` (transfer), `backup_file` (the file that holds a backup).
"""
