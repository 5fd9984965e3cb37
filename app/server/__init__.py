"""How the application is served: Uvicorn, its protocol, and a certificate for this machine."""
