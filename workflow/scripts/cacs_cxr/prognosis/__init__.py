"""Survival by category: Kaplan-Meier, log-rank, Cox and concordance, matching R."""
