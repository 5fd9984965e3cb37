"""`/account`: pages on which users view and change their own account."""
