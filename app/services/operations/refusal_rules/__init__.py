"""Why requests are refused, and how to fix them."""
