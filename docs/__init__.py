"""The pages of the documentation, their examples, and what keeps both true."""
