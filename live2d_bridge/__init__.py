"""What the audience sees and hears: lip-sync track, stage protocol, web pages."""
