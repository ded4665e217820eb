"""What is handed out: the result of one file, its claims, and the configuration of a score."""
