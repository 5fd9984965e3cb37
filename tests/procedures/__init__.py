"""Long fault procedures against running servers (`make faults`), and the ledger of what they saw.

The tests in `tests/faults` run each fault once; here they run for minutes, under load.
"""
