"""Mutation tests: change a line, run the tests that cover it, and see whether one fails.

Run it with `python -m tools.mutants`. Existing tools do not fit: mutmut selects tests by function
and cannot draw a sample, and cosmic-ray runs the same tests for each mutant.
"""
