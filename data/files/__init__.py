"""Files of any kind: archives, atomic writes, processes that read them, split lists."""
