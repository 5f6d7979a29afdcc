"""Discrimination, operating points and predicted categories, on arrays and frames, without torch."""
