"""The main job: replay a recorded trace through policies and report which is better."""
