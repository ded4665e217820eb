"""Running calls side by side: in order, in threads that can be abandoned, within memory."""
