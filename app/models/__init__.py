"""The tables, and the immutable values that the layers above the repositories use.

The fields of a value are the columns of its query, in their order, so that `Database` creates it
from a row. Values are frozen dataclasses. Those that the hot endpoints read are named tuples, which
take a seventh of the time to create.
"""
