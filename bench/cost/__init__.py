"""Parameters, FLOPs, latency and memory of models."""
