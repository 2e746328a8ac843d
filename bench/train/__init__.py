"""One run: data in, weights, scores and a record out."""
