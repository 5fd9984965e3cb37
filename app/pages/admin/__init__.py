"""`/admin`: the console, in which administrators manage the server and auditors read it."""
