from __future__ import annotations

import pytest

import pitchpipe_schemas
from pitchpipe.published import devices, find_device, find_devices, machine, nearest_device

TABLE = pitchpipe_schemas.devices()
ALL = list(devices(TABLE))
GIB = 2**30


@pytest.mark.parametrize(
    ("text", "name"),
    [
        # as people write them
        ("RTX 4090", "RTX 4090"),
        ("4090", "RTX 4090"),
        ("rtx4090", "RTX 4090"),
        ("3060ti", "RTX 3060 Ti"),
        ("4070 ti super", "RTX 4070 Ti SUPER"),
        ("RTX 3080", "RTX 3080"),
        ("RTX 3080 12GB", "RTX 3080 12GB"),
        ("4060 Ti 16GB", "RTX 4060 Ti 16GB"),
        ("5090 laptop", "RTX 5090 Laptop"),
        ("A100 80GB", "A100 80GB"),
        ("a100-80g", "A100 80GB"),
        ("H100 SXM", "H100 SXM"),
        ("h100sxm", "H100 SXM"),
        ("A6000", "RTX A6000"),
        ("a10g", "A10G"),
        ("DGX Spark", "GB10"),
        ("mi300x", "MI300X"),
        ("7900xtx", "RX 7900 XTX"),
        ("M3 Max 64GB", "M3 Max 64GB"),
        ("m3max 64 gb", "M3 Max 64GB"),
        # as drivers write them
        ("NVIDIA GeForce RTX 4090 Laptop GPU", "RTX 4090 Laptop"),
        ("NVIDIA H100 80GB HBM3", "H100 SXM"),
        ("NVIDIA H100 PCIe", "H100 PCIe"),
        ("NVIDIA A100-SXM4-80GB", "A100 80GB"),
        ("NVIDIA A100 80GB PCIe", "A100 PCIe 80GB"),
        ("NVIDIA H200", "H200"),
        ("NVIDIA RTX 6000 Ada Generation", "RTX 6000 Ada"),
        ("NVIDIA RTX PRO 6000 Blackwell Workstation Edition", "RTX PRO 6000 Blackwell"),
        ("Tesla V100-SXM2-16GB", "V100 16GB"),
        ("Tesla T4", "T4"),
        ("AMD Instinct MI300X", "MI300X"),
    ],
)
def test_a_device_has_many_names(text: str, name: str) -> None:
    found = find_device(text, TABLE)
    assert found is not None
    assert found.name == name


@pytest.mark.parametrize("device", ALL, ids=lambda device: device.name)
def test_every_device_is_found_by_its_own_name(device: object) -> None:
    name = getattr(device, "name", "")
    assert find_devices(name, TABLE) == (device,)
    assert find_devices(name.lower().replace(" ", "-"), TABLE) == (device,)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("A100", {"A100 40GB", "A100 80GB"}),
        ("H100", {"H100 SXM", "H100 PCIe", "H100 NVL"}),
        ("4060 Ti", {"RTX 4060 Ti 8GB", "RTX 4060 Ti 16GB"}),
        ("M1 Max", {"M1 Max 32GB", "M1 Max 64GB"}),
    ],
)
def test_a_name_that_could_be_several_is_not_decided(text: str, names: set[str]) -> None:
    assert {device.name for device in find_devices(text, TABLE)} == names
    assert find_device(text, TABLE) is None


@pytest.mark.parametrize("text", ["", "gpu", "NVIDIA", "GeForce RTX", "RTX 4090 48GB", "Voodoo 2"])
def test_no_other_name_is_found(text: str) -> None:
    assert find_devices(text, TABLE) == ()


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("GTX 1080", "GTX 1080 Ti"),
        ("NVIDIA GeForce GTX 1080", "GTX 1080 Ti"),
        ("GTX 1660", "GTX 1660 Ti"),
        ("Titan", "TITAN RTX"),
        ("RX 9070", "RX 9070 XT"),
        ("RTX 3080 Laptop", "RTX 3080 Ti Laptop"),
    ],
)
def test_a_product_that_the_table_lacks_is_no_other(text: str, near: str) -> None:
    assert find_device(near, TABLE) is not None
    assert find_devices(text, TABLE) == ()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("GTX 1080", "GTX 1080 Ti"),
        ("Titan", "TITAN RTX"),
        ("rtx 4095", "RTX 4090"),
        ("h-100 sxm", "H100 SXM"),
        ("Voodoo", None),
    ],
)
def test_a_near_name_is_suggested(typed: str, meant: str | None) -> None:
    assert nearest_device(typed, TABLE) == meant


@pytest.mark.parametrize(
    ("text", "number", "name"),
    [
        ("2x H100 SXM", 2, "H100 SXM"),
        ("8 × A100 80GB", 8, "A100 80GB"),
        ("4*L40S", 4, "L40S"),
        ("RTX 4090", 1, "RTX 4090"),
        ("4090", 1, "4090"),
        ("0x A100", 1, "0x A100"),
    ],
)
def test_a_machine_may_have_several_devices(text: str, number: int, name: str) -> None:
    assert machine(text) == (number, name)


def test_the_table_is_large_and_has_no_device_twice() -> None:
    assert len(TABLE["devices"]) >= 40
    assert len({device.name for device in ALL}) == len(ALL)
    assert {device.vendor for device in ALL} == {"nvidia", "amd", "intel", "apple"}


def test_quantities_are_in_bytes_and_operations_a_second() -> None:
    found = find_device("RTX 4090", TABLE)
    assert found is not None
    assert found.memory == 24 * GIB
    assert found.usable_memory == 24564 * 2**20
    assert found.bandwidth == pytest.approx(1008e9)
    assert found.matmul_rate == pytest.approx(165.2e12)
    assert (found.compute_capability, found.bfloat16, found.unified) == ("8.9", True, False)


def test_a_chip_is_slower_where_it_has_less_memory() -> None:
    small, large = (find_device(f"M3 Max {size}GB", TABLE) for size in (36, 64))
    assert small is not None
    assert large is not None
    assert small.bandwidth == pytest.approx(300e9)
    assert large.bandwidth == pytest.approx(400e9)
    assert large.unified


def test_what_is_known_names_who_says_it() -> None:
    optional = ("usable_memory", "bandwidth", "matmul_rate", "bfloat16", "compute_capability")
    for device in ALL:
        known = {"memory"} | {name for name in optional if getattr(device, name) is not None}
        assert set(device.sources) == known, device.name


def test_facts_agree_with_each_other() -> None:
    for device in ALL:
        assert (device.usable_memory or 0) <= device.memory, device.name
        if device.compute_capability:
            assert device.vendor == "nvidia", device.name
            assert device.bfloat16 == (float(device.compute_capability) >= 8), device.name
