from __future__ import annotations

import pytest

# So that a failing assertion in a check function shows both sides.
pytest.register_assert_rewrite("support.analysis", "support.fixture")
