"""Figures of predictions, their intervals, and calibration."""
