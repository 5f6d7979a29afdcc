"""Networks: construction, augmentation, the training loop and prediction. The only sub-package that imports torch."""
