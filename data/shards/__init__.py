"""The container of stored arrays."""
