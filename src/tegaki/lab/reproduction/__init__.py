"""The seed's whole table of results, run again: what is trained, what is measured, what holds."""
