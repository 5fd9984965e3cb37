"""Long fault procedures against running servers (`make faults`), and the ledger of results.

The tests in `tests/faults` run each fault once; these procedures run for minutes, under load.
"""
