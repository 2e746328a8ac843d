"""What each run is: its cells, what it reads, its key."""
