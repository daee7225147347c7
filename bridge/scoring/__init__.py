"""Who says how a customer text reads: the gate before, the embedded scorer, and the providers of language models."""
