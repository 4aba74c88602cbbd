"""What changes in the world while requests come: one kind of event a file."""
