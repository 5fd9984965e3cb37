"""Product rules, independent of the protocol."""
