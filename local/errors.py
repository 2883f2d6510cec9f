"""What stops a command of this folder."""


class LocalError(Exception):
    """Something that whoever runs the command can mend; the message is one line that says how."""
