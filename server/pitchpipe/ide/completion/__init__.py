"""What could be written at a cursor."""

from pitchpipe.ide.completion.complete import complete
from pitchpipe.ide.completion.document import document

__all__ = ["complete", "document"]
