import os
import signal
import subprocess
import sys

import pytest

from khabar_data.folders import folder_replaced_whole

KILLED = """
import os, pathlib, signal, sys
from khabar_data.folders import folder_replaced_whole
final = pathlib.Path(sys.argv[1])
if sys.argv[2] == "between":
    rename = pathlib.Path.rename
    def kills(self, target):
        if self.name.endswith(".unfinished"): os.kill(os.getpid(), signal.SIGKILL)
        return rename(self, target)
    pathlib.Path.rename = kills
with folder_replaced_whole(final) as folder:
    (folder / "part").write_text("new")
    if sys.argv[2] == "inside": os.kill(os.getpid(), signal.SIGKILL)
"""


def old_folder(tmp_path):
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "part").write_text("old")
    return folder


def test_the_new_folder_takes_the_place_of_the_old_one(tmp_path):
    final = old_folder(tmp_path)
    with folder_replaced_whole(final) as folder:
        (folder / "part").write_text("new")
        assert (final / "part").read_text() == "old"
    assert (final / "part").read_text() == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_a_block_that_raises_leaves_the_old_one(tmp_path):
    final = old_folder(tmp_path)
    with pytest.raises(FileNotFoundError), folder_replaced_whole(final) as folder:
        (folder / "part").rename(folder / "nowhere/part")
    assert (final / "part").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="kills a process as POSIX does")
@pytest.mark.parametrize("moment", ["inside", "between"])
def test_a_killed_process_loses_nothing_that_was_whole(tmp_path, moment):
    final = old_folder(tmp_path)
    done = subprocess.run([sys.executable, "-c", KILLED, str(final), moment], env=os.environ)
    assert done.returncode == -signal.SIGKILL
    if moment == "inside":
        assert (final / "part").read_text() == "old"
    else:
        assert (tmp_path / ".model.old/part").read_text() == "old"
    with pytest.raises(RuntimeError), folder_replaced_whole(final):
        raise RuntimeError
    assert (final / "part").read_text() == "old"
