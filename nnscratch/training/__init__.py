"""Everything around the step: batches, the pipeline, callbacks."""
