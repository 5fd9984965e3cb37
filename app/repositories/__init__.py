"""Every query. A method is one complete step that has committed when it returns."""
