"""What is asked beside models' answers: feedback, decisions, health, administration."""
