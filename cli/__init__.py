"""The composition root and the commands a person types."""
