"""Taking over what belongs to another program: its settings, characters and files become this program's own."""
