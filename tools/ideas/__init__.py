"""Ideas for the careful model that do not ship, each measured by leave-sources-out."""
