"""How the application is served: Uvicorn, its HTTP protocol, and a certificate for localhost."""
