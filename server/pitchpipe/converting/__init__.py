"""Files written anew in another tool's format, or in our own.

`carry` says what each key becomes, `comments` what stood beside it, `writing` puts it down.
"""

from pitchpipe.converting.convert import Conversion, Loss, convert

__all__ = ["Conversion", "Loss", "convert"]
