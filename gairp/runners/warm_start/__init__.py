"""How many online requests a trained prior saves."""
