"""What a person is told when something cannot be asked in a room."""

from commsportal.errors import PortalError


class NotHeld(PortalError):
    """Nobody can join yet."""

    code = "not_held"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("Microsoft has not said yet how to join this meeting. Try again in a moment.")


class AlreadyInside(PortalError):
    """One bot at a time is in a meeting."""

    code = "already_inside"

    def __init__(self) -> None:
        """Say so."""
        super().__init__("The bot is in this meeting already, or on its way.")


class NotInside(PortalError):
    """People can be rung into a meeting only by a bot that is in it."""

    code = "not_inside"

    def __init__(self) -> None:
        """Say what to do."""
        super().__init__("The bot is not in this meeting through a line of yours. Have it join first.")


class NobodyMissing(PortalError):
    """There is nobody to be rung."""

    code = "nobody_missing"

    def __init__(self) -> None:
        """Say so."""
        super().__init__("Nobody who could be rung is missing.")
