"""From network logits to predictions: calibration, clinical and integrated models, the external ensemble."""
