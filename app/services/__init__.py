"""What the product says, whatever the protocol."""
