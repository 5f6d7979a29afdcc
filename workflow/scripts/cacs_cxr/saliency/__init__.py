"""What the maps of the networks show: where their energy lies, whether they depend on what was learnt."""
