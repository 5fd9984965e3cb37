"""The tables, and the frozen values that stand for their rows above the repositories."""
