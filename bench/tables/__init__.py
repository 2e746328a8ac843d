"""Tables: one file each, a function from records to a data frame."""
