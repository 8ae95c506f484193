"""The operator's commands: what the job engine does, and mending it. They enter with the project's secret key."""
