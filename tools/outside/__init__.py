"""Pictures outside the detector's domain: taken from packages, or drawn by program."""
