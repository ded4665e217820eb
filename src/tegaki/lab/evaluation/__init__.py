"""From models to predictions, reports that anyone can compute again, and floors."""
