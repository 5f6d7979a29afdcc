"""Figures: one style, one module a figure; each draws only what stands in the CSV beside it."""
