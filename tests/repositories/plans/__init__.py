"""What the test of query plans needs: rows, calls of every repository method, and plans."""
