"""The experiment: cells, training, records, statistics, tables."""
