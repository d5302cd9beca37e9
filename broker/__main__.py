"""`python -m broker`, and the `broker` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line. Refuses `python -O`, which would remove nothing of ours but tells of a careless set-up (HT-11)."""
    if sys.flags.optimize:
        sys.exit("broker: will not run under python -O; start it without -O and without PYTHONOPTIMIZE")
    from broker.cli import broker

    broker(prog_name="broker")


if __name__ == "__main__":
    main()
