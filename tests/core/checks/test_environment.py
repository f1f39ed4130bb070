from __future__ import annotations

import pytest

from support.analysis import check_findings, check_fixed


@pytest.mark.parametrize(
    "target", ["RTX 4090", "'4090'", "2x RTX 4090", "8x a100-80gb", "NVIDIA H100 80GB HBM3", "null"]
)
def test_a_device_may_be_named_as_people_do(target: str) -> None:
    check_findings(f"compute: {{target: {target}}}\n")


def test_a_near_name_is_suggested() -> None:
    check_findings("""
        compute: {target: 2x RTX 4900}
                          #^^^^^^^^^^ warning[unknown-device]: no device is known as `RTX 4900`; did you mean `RTX 4090`?
        """)  # noqa: E501


def test_the_count_stays_when_the_name_is_mended() -> None:
    check_fixed("compute:\n  target: 2x RTX 4900\n", "target: 2x RTX 4090")


def test_what_is_sold_with_several_sizes_of_memory_needs_one() -> None:
    check_findings("""
        compute:
          target: A100
                  #^^^ warning[unknown-device]: `A100` could be `A100 40GB` or `A100 80GB`
        """)


def test_a_name_like_no_other_is_only_named() -> None:
    check_findings("""
        compute:
          target: abacus
                  #^^^^^ warning[unknown-device]: no device is known as `abacus`, so nothing is checked for it
        """)  # noqa: E501
