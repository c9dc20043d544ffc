from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from imbench.cli.guard import guarded
from imbench.errors import EnvironmentFault, ImbenchError, NothingSelected, PluginError, UsageError


def raising(error: BaseException):
    def work() -> int:
        raise error

    return work


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ImbenchError("x"), 3),
        (UsageError("x"), 2),
        (PluginError("x"), 4),
        (NothingSelected("x"), 5),
        (EnvironmentFault("x"), 8),
    ],
)
def test_our_errors_are_one_line_and_their_exit_code(error, code: int, capsys) -> None:
    assert guarded(raising(error)) == code
    printed = capsys.readouterr()
    assert printed.err == "imbench: error: x\n"
    assert printed.out == ""


def test_a_message_is_folded_to_one_harmless_line(capsys) -> None:
    guarded(raising(UsageError("a\n\x1b[31mb\x07 \u202ec " + "x" * 5000)))
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert message.startswith("imbench: error: a \ufffd[31mb\ufffd \ufffdc xxx")
    assert len(message) < 2100


def test_an_interrupt_says_how_to_go_on(capsys) -> None:
    assert guarded(raising(KeyboardInterrupt())) == 130
    assert "interrupted; run the same command again to resume" in capsys.readouterr().err


def test_the_unexpected_is_one_line_and_a_file(capsys, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.delenv("IMBENCH_DEBUG", raising=False)
    assert guarded(raising(ZeroDivisionError("by\nzero"))) == 3
    message = capsys.readouterr().err
    assert message.count("\n") == 1
    assert "internal fault: ZeroDivisionError: by zero" in message
    file = Path(re.search(r"traceback in (\S+);", message)[1])
    assert file.parent == tmp_path
    assert "in work" in file.read_text()


def test_the_traceback_is_shown_on_demand(capsys, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setenv("IMBENCH_DEBUG", "1")
    assert guarded(raising(ZeroDivisionError("x"))) == 3
    assert "Traceback (most recent call last)" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_no_room_for_the_traceback_is_no_second_failure(capsys, monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "gone"))
    monkeypatch.delenv("IMBENCH_DEBUG", raising=False)
    assert guarded(raising(ZeroDivisionError("x"))) == 3
    assert "set IMBENCH_DEBUG=1" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_met_with_silence() -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", "import sys\nfrom imbench.cli import main\nsys.exit(main(['schema']))"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    writer.stdout.close()
    error = writer.stderr.read()
    writer.stderr.close()
    assert writer.wait(60) == 141
    assert error == ""


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device that is always full")
@pytest.mark.parametrize("words", ["list strategies", "schema", "run --help", "run -m smoke --dry-run"])
def test_a_full_disk_is_one_line_and_exit_8(tmp_path: Path, words: str) -> None:
    """Whether it shows while the command writes (much text) or only when the rest is flushed (little)."""
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "imbench", *words.split()],
            stdout=full, stderr=subprocess.PIPE, text=True, timeout=120, cwd=tmp_path,
        )  # fmt: skip
    assert done.returncode == 8
    lines = [line for line in done.stderr.splitlines() if "nothing was run" not in line]
    assert lines == ["imbench: error: cannot write the output: No space left on device"]


def test_an_error_keeps_its_exit_code_when_the_output_cannot_be_written(capsys, monkeypatch) -> None:
    class Full:
        def flush(self) -> None:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def fileno(self) -> int:
            return nowhere.fileno()

    with Path(os.devnull).open("w") as nowhere:
        monkeypatch.setattr("sys.stdout", Full())
        assert guarded(raising(UsageError("x"))) == 2
    assert capsys.readouterr().err.splitlines() == [
        "imbench: error: x",
        "imbench: error: cannot write the output: No space left on device",
    ]


def test_a_closed_output_is_one_line_and_exit_8(tmp_path: Path) -> None:
    done = subprocess.run(
        ["sh", "-c", '"$0" -m imbench schema >&-', sys.executable],
        stderr=subprocess.PIPE, text=True, timeout=120, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 8
    assert done.stderr == "imbench: error: standard output is closed: send it to a file, or to /dev/null\n"


def test_a_full_disk_elsewhere_names_the_file(capsys) -> None:
    assert guarded(raising(OSError(errno.ENOSPC, "No space left on device", "/somewhere/file"))) == 8
    assert capsys.readouterr().err == "imbench: error: cannot write /somewhere/file: No space left on device\n"


def test_a_terminal_that_cannot_show_a_character_is_no_failure(fresh) -> None:
    done = fresh("-m", "imbench", "list", "matrices", PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert done.returncode == 0, done.stderr
    assert "500 ? 5 training rows" in done.stdout


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["runn"], "No such command 'runn'. Did you mean 'run'?"),
        (["run"], "Missing option '--matrix' / '-m'"),
        (["run", "-m", "smoke", "--sed", "1"], "No such option: --sed"),
        (["run", "-m", "smoke", "--device", "tpu"], "'tpu' is not one of 'auto', 'cpu', 'cuda'"),
        (["run", "-m", "smoke", "-j", "0"], "--workers"),
        (["run", "-m", "smoke", "--limit", "none"], "--limit"),
        (["run", "-m", "smoke", "--seeds", "a,b"], "--seeds: expected a list like 0,1,2"),
        (["run", "-m", "smoke", "--seeds", "-1"], "--seeds: expected a list like 0,1,2"),
        (
            ["run", "-m", "smoke", "--timeout", "soon"],
            "--timeout: expected a duration like 90, '10m' or '2h', got 'soon'",
        ),
        (["run", "-m", "smoke", "--memory", "lots"], "--memory: expected a size like '512MB'"),
        (["run", "-m", "quikstart"], "'quikstart'; did you mean 'quickstart'?"),
        (["list", "strategy"], "'strategy' is not one of 'strategies'"),
        (["plugins"], "Missing command"),
        (["leaderboard", "--format", "pdf"], "'pdf' is not one of 'terminal'"),
    ],
)
def test_wrong_words_are_one_line_and_exit_2(cli, words: list[str], message: str) -> None:
    code, out, err = cli(*words)
    assert (code, out) == (2, "")
    assert err.startswith("imbench: error: ")
    assert err.count("\n") == 1
    assert message in err


def test_the_version(cli) -> None:
    import imbench

    assert cli("--version") == (0, f"imbench {imbench.__version__}\n", "")


def test_no_words_are_a_question_for_help(cli) -> None:
    code, out, err = cli()
    assert (code, err) == (0, "")
    assert "run          Run a matrix and print its leaderboard." in out
    assert "130" in out


def test_every_command_of_the_help_fits_its_line(cli) -> None:
    _, out, _ = cli("--help")
    assert "..." not in out.partition("Commands:")[2]


def test_shell_completion_knows_the_verbs(fresh) -> None:
    variables = {"_IMBENCH_COMPLETE": "complete_bash", "COMP_WORDS": "imbench lea", "COMP_CWORD": "1"}
    done = fresh("-c", "from imbench.cli import main; main()", **variables)
    assert done.stdout.split() == ["leaderboard"], done.stderr


def test_colours_stay_out_of_pipes_and_of_no_color(fresh) -> None:
    for variables in ({}, {"NO_COLOR": "1", "FORCE_COLOR": ""}):
        assert "\x1b[3" not in fresh("-m", "imbench", "list", "matrices", **variables).stdout
