"""Import of users from files, and of users and clients from the original Flask server."""
