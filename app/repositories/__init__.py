"""The database queries. A method is one complete step, which has committed when it returns."""
