"""Formatting: indentation, blanks and blank lines change, what the document says never does.

A formatter of its own, because the usual libraries write a document anew from its values and lose
on the way how numbers, quotes and lists were written. This one only ever changes what stands
between the pieces of the text.
"""

from pitchpipe.ide.formatting.format import format

__all__ = ["format"]
