"""MLflow: the only room that imports it, and late, since that costs seconds."""
