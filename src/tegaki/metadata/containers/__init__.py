"""Marks by the grammar of the container that holds them: PNG, JPEG, WebP, GIF, AVIF."""
