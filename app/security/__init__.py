"""Pure computations with secrets, without access to the network, files or the database."""
