"""What becomes of an answer's quality on its way to the policy: one model a file."""
