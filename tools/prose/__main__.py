"""`python -m tools.prose`: print the findings as `file:line: message (suggestion)`."""

import argparse

from tools.prose.rules import load


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.prose", description="Check our prose.")
    parser.add_argument(
        "--pending", action="store_true", help="also check the paths that are not required yet"
    )
    lines = load().check(with_pending=parser.parse_args().pending)
    for line in lines:
        print(line)
    return 1 if lines else 0


if __name__ == "__main__":
    raise SystemExit(main())
