"""`python -m tools.prose`: print the findings as `file:line: message (suggestion)`."""

import argparse

from tools.prose.rules import load


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.prose", description="Check our prose.")
    parser.parse_args()
    lines = load().check()
    for line in lines:
        print(line)
    return 1 if lines else 0


if __name__ == "__main__":
    raise SystemExit(main())
