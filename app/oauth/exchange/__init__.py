"""Token exchange (RFC 8693): subject and actor tokens, who may exchange them, and for what."""
