"""Recording a trace of the project's own from local models."""
