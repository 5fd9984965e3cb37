"""Sign-in with identity providers: this server as an OpenID Connect relying party."""
