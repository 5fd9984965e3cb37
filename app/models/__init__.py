"""The tables, and the immutable row types that the layers above the repositories use."""
