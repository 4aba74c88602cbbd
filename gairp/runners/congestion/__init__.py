"""What looking at queues is worth when many requests come at once."""
