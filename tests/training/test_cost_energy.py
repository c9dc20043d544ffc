"""Energy counters: RAPL on folders in the kernel's format, NVML on a library with the driver's functions."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from imbench.training.energy import Nvml, Rapl, counters, joules_between

LARGEST = 262_143_328_850  # of a real package


def zone(folder, number, name, energy, largest=LARGEST):
    path = folder / f"intel-rapl:{number}"
    path.mkdir()
    for file, value in (("name", name), ("energy_uj", energy), ("max_energy_range_uj", largest)):
        (path / file).write_text(f"{value}\n")
    return path / "energy_uj"


def test_packages_are_counted_and_nothing_twice(tmp_path):
    first, second = zone(tmp_path, 0, "package-0", 1_000_000), zone(tmp_path, 1, "package-1", 5_000_000)
    within, around = zone(tmp_path, "0:0", "core", 10), zone(tmp_path, 2, "psys", 10)
    (tmp_path / "intel-rapl").mkdir()  # the control type itself, which has no counter
    rapl = Rapl.find(tmp_path)
    before = rapl.read()
    assert before == (1_000_000, 5_000_000)
    first.write_text("3500000\n")
    second.write_text("5250000\n")
    within.write_text("999999999\n")
    around.write_text("999999999\n")
    assert rapl.joules(before, rapl.read()) == pytest.approx(2.5 + 0.25)


@given(start=st.integers(0, LARGEST), spent=st.integers(0, LARGEST))
def test_a_counter_that_started_again_is_no_loss(start, spent):
    rapl = Rapl(((None, LARGEST),))
    end = (start + spent) % (LARGEST + 1)
    assert rapl.joules((start,), (end,)) == pytest.approx(spent / 1e6)


def test_no_counter_no_message(tmp_path, capfd):
    assert Rapl.find(tmp_path / "missing") is None
    assert Rapl.find(tmp_path) is None
    zone(tmp_path, 0, "package-0", "no number")
    assert Rapl.find(tmp_path) is None
    assert Nvml.find("GPU-0", library="libno-such-driver.so.1") is None
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_counter_that_root_alone_may_read_is_none(tmp_path):
    zone(tmp_path, 0, "package-0", 1).chmod(0o000)
    assert Rapl.find(tmp_path) is None


def test_what_this_machine_offers_can_be_read():
    found = counters(torch.device("cpu"))
    before = [counter.read() for counter in found]
    assert joules_between(found, before, [counter.read() for counter in found]) >= 0


NVML = """
#include <string.h>
static unsigned long long spent = 1000;
int nvmlInit_v2(void) { return 0; }
int nvmlDeviceGetHandleByUUID(const char *uuid, void **handle) {
    if (strcmp(uuid, "GPU-with") && strcmp(uuid, "GPU-without")) return 6;
    *handle = (void *)0x7fff12345678ULL + (strcmp(uuid, "GPU-with") != 0);
    return 0;
}
int nvmlDeviceGetTotalEnergyConsumption(void *handle, unsigned long long *energy) {
    if (handle != (void *)0x7fff12345678ULL) return 3;  /* not supported */
    *energy = spent;
    spent += 1500;
    return 0;
}
"""


@pytest.mark.skipif(shutil.which("cc") is None, reason="needs a C compiler")
def test_the_energy_counter_of_a_device(tmp_path):
    (tmp_path / "nvml.c").write_text(NVML)
    library = str(tmp_path / "libnvidia-ml.so.1")
    subprocess.run(["cc", "-shared", "-fPIC", "-o", library, tmp_path / "nvml.c"], check=True)
    nvml = Nvml.find("GPU-with", library=library)  # it reads once to see whether it can
    before = nvml.read()
    assert before == (2500,), "a pointer of 64 bits came through whole"
    assert nvml.joules(before, nvml.read()) == pytest.approx(1.5)
    assert Nvml.find("GPU-without", library=library) is None
    assert Nvml.find("GPU-unknown", library=library) is None
