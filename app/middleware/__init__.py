"""The layers between the server and the routes, in plain ASGI."""
