"""Studies in a world that changes: scenarios, corrupted feedback, congestion."""
