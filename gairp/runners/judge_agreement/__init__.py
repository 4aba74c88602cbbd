"""How far judges are to be believed: their verdicts against programmatic grades."""
