"""The machine: processor, memory, digests, versions."""
