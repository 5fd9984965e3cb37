"""Home page and documentation."""
