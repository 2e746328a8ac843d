"""Statistics of records and predictions; no deep-learning framework."""
