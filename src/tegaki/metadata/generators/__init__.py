"""One small module for each tool, or family of tools, that leaves marks: evidence to claims."""
