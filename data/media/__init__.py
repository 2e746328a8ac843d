"""Videos and pictures: probing and decoding."""
