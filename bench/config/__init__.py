"""params.yaml: its types, its reader, its rules."""
