"""From the tables of a site to the cohort: validation, linkage, eligibility, follow-up, flow and folds."""
