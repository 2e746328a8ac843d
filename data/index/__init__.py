"""The index of a data set: clips, labels, groups, folds."""
