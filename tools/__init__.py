"""Programs for the development of Postern. The server needs none of them."""
