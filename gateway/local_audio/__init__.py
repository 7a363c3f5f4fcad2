"""This machine's own loudspeaker and microphone, as a viewer of the stage."""
