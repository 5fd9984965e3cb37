"""Pure computations with secrets: nothing here touches the network, a file or a database."""
