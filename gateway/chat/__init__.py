"""Replies in text: what is asked of whom, what of it is given out, and what is kept."""
