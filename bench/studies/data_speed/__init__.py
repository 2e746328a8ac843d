"""Speed and storage of the data layer against other ways to do it."""
