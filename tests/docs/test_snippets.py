"""Every snippet of the documentation is laid out as a file, and every command of it is run."""

from __future__ import annotations

import pytest

from .blocks import Desk


@pytest.mark.slow
def test_writing_a_plugin_from_top_to_bottom(tmp_path):
    desk = Desk(tmp_path)
    desk.work_through("docs/writing-a-plugin.md")
    assert len(desk.projects) == 2, "the page no longer installs its two distributions"
