"""The gateway beside its peers: one core for the gateway under test, one for all the rest."""
