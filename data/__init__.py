"""From bytes to batches: manifests, decoding, optical flow, input pipelines."""
