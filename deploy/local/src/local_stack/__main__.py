"""`python -m local_stack`: the platform on one machine."""

import argparse
import sys

from local_stack import afar, foreground
from local_stack.errors import LocalStackError

_NAMED = {
    "up": "the empty platform, until Ctrl-C",
    "down": "end a platform whose terminal was lost",
    "status": "what runs, and where",
}


def main() -> int:
    """Exit codes: 0 asked, 1 something could not start or died, 2 wrong arguments."""
    arguments = _parser().parse_args()
    try:
        match arguments.command:
            case "engines":
                return foreground.engines()
            case "up":
                return foreground.up(arguments.name)
            case "down":
                return afar.down(arguments.name)
            case "status":
                return afar.status(arguments.name)
    except LocalStackError as failure:
        print(failure, file=sys.stderr)
        return 1
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local_stack", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("engines", help="Kafka and PostgreSQL alone, until Ctrl-C")
    for command, purpose in _NAMED.items():
        named = commands.add_parser(command, help=purpose)
        named.add_argument("--name", default="local", help="which stack (default: local)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
