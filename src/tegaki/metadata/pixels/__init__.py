"""Marks in the pixels themselves: hidden texts, watermarks, signatures."""
