"""`python -m local_stack`: the platform on one machine."""

import argparse
import sys

from local_stack import foreground
from local_stack.errors import LocalStackError


def main() -> int:
    """Exit codes: 0 asked, 1 a process died or could not start, 2 no engine to be had or wrong arguments."""
    parser = argparse.ArgumentParser(prog="python -m local_stack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("engines", help="Kafka and PostgreSQL alone, until Ctrl-C")
    arguments = parser.parse_args()
    try:
        match arguments.command:
            case "engines":
                return foreground.engines()
    except LocalStackError as failure:
        print(failure, file=sys.stderr)
        return 1
    return 2


if __name__ == "__main__":
    sys.exit(main())
