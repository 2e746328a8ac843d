"""Folds, batches, augmentation."""
