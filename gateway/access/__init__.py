"""Who comes in: keys, what they allow, limits, and what is looked at before anything is accepted."""
