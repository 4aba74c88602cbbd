"""Do learned routers differ, and does any beat mixing fixed models? The study of the plateau."""
