"""The gate: records against results/reference.csv."""
