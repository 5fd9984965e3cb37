"""Services for users, their sign-ins and their sessions."""
