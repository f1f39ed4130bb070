"""What could be written where a cursor stands."""

from pitchpipe.ide.slots.find import quoted_key, slot_at
from pitchpipe.ide.slots.slot import Slot, SlotKind

__all__ = ["Slot", "SlotKind", "quoted_key", "slot_at"]
