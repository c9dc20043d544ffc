from __future__ import annotations

import datetime
import json
import re
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imbench.errors import EnvironmentFault, ImbenchError, PluginError, UsageError
from imbench.matrix.loading import builtin_names, load_matrix, matrix_text, parse_matrix
from imbench.matrix.schema import Matrix, json_schema


def problem(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        parse_matrix(text, source="m.toml")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('datasets = ["a"]\n\n[[datasets2]]', "m.toml:3: datasets2: unknown key; did you mean 'datasets'?"),
        ('seed = 3\ndatasets = ["a"]', "m.toml:1: seed: unknown key; did you mean 'seeds'?"),
        (
            'datasets = [{name = "b"}, {name = "a", ratio = [1]}]',
            "datasets[1].ratio: unknown key; did you mean 'ratios'?",
        ),
        ('[[datasets]]\nname = "a"\n[[datasets]]\nname = "b"\nratio = [1]', "m.toml:5: datasets[1].ratio: unknown key"),
        (
            'ratios = [0.5]\ndatasets = ["a"]',
            'm.toml:1: ratios[0]: expected a number of at least 1 or "natural", got 0.5',
        ),
        ('datasets = ["a"]\nratios = [10, "neutral"]', """or "natural", got 'neutral'"""),
        ('datasets = ["a"]\nratios = [true]', "ratios[0]: expected a number"),
        ('datasets = ["a"]\nratios = [nan]', "ratios[0]: expected a number"),
        ('datasets = ["a"]\nratios = []', "ratios: expected at least 1 item(s), got 0"),
        ('datasets = "a"', "datasets: expected a list, got 'a'"),
        ("datasets = [3]", "datasets[0]: expected a table, got 3"),
        ("seeds = 3", "datasets: missing"),
        ('datasets = ["a", "b", "a"]', "datasets[2]: 'a' is listed twice"),
        ('datasets = ["A b"]', "datasets[0].name: name 'A b': expected lower-case"),
        ('datasets = ["a"]\nseeds = -1', "m.toml:2: seeds: expected a number of seeds, or a list"),
        ('datasets = ["a"]\nseeds = [0, -1]', "seeds: expected a number of seeds, or a list of whole numbers"),
        ('datasets = ["a"]\nseeds = 1000000000000', "seeds: expected"),
        ('datasets = ["a"]\nseeds = []', "seeds: expected between 1 and"),
        ('datasets = ["a"]\n[budget]\nsteps = 0', "m.toml:3: budget.steps: expected at least 1, got 0"),
        ('datasets = ["a"]\n[budget]\nsteps = 1.5', "budget.steps: expected a valid integer, got 1.5"),
        (
            'datasets = ["a"]\n[budget]\nlearning_rate = "fast"',
            "budget.learning_rate: expected a valid number, got 'fast'",
        ),
        (
            'datasets = ["a"]\n[profile]\nkind = "exponental"',
            "or 'step', got 'exponental'; did you mean 'exponential'?",
        ),
        ('datasets = ["a"]\npolicies = ["tunned"]', "policies[0]: expected 'argmax', 'prior' or 'tuned', got 'tunned'"),
        ('datasets = ["a"]\npolicies = ["prior"]', "policy: expected one of policies ['prior'], got 'tuned'"),
        ('datasets = ["a"]\n[limits]\ntimeout = "5 parsecs"', "limits.timeout: expected a duration like 90"),
        ('datasets = ["a"]\n[limits]\nmemory = 0', "limits.memory: expected a size like"),
        ('datasets = ["a"]\n[cost]\nenabled = 1', "cost.enabled: expected true or false, got 1"),
        ('datasets = ["a"]\nstrategies = ["a(("]', "strategies[0].use: strategy 'a((': expected NAME"),
        ('datasets = ["a"]\nstrategies = [7]', "strategies[0]: expected a table, got 7"),
        (
            'datasets = ["a"]\n[[strategies]]\nuse = "a"\ngrid.k = 3',
            "strategies[0].grid: k: expected a list of values, got 3",
        ),
        ('datasets = ["a"]\n[[strategies]]\nuse = "a"\nparams.k = [3]', "strategies[0].params: k: expected a number"),
        ('datasets = ["a"]\n[[strategies]]\nparams.k = 3', "strategies[0].use: missing"),
        ('datasets = ["a"]\nrequires = ["=="]', "requires[0]: expected a requirement like"),
        ('datasets = [{file = "x.csv"}]', "datasets[0].target: missing"),
        ('datasets = [{name = "x", target = "y"}]', "datasets[0].target: only a dataset with file"),
        ("datasets = [{}]", "datasets[0]: expected name"),
        ('datasets = ["a"]\nname = "a\\u001b[31m"', "name: expected one line of printable text"),
        ("datasets = [", "m.toml: broken TOML: "),
        ('seeds = 1\nseeds = 2\ndatasets = ["a"]', "m.toml: broken TOML: "),
        ("x = 2020-13-45", "m.toml: broken TOML: "),
        ("x = " + "[" * 5000, "m.toml: broken TOML: nested too deeply"),
        ("x = " + "9" * 5000, "m.toml: broken TOML: "),
        ('datasets = ["a"]\nseeds = 0x' + "f" * 5000, "of at least 0, got a huge number"),
        (
            'datasets = ["a"]\n[[strategies]]\nuse = "a"\nparams.k = 0x' + "f" * 5000,
            "parameter 'k': expected a finite 64-bit number",
        ),
    ],
)
def test_what_is_wrong_is_one_line_with_its_place(text: str, message: str) -> None:
    assert message in problem(text)


def test_broken_toml_is_told_with_line_and_column() -> None:
    assert "(at line 2, column 5)" in problem("seeds = 2\nx = = 3")


def test_further_problems_are_counted() -> None:
    assert problem('ratios = [0.5, 0.6]\ndatasets = ["a"]').endswith("got 0.5 (and 1 more)")
    assert not problem('ratios = [0.5]\ndatasets = ["a"]').endswith("more)")


def test_a_line_inside_a_text_is_not_taken_for_a_key() -> None:
    text = 'summary = """\nratios = here\n"""\ndatasets = ["a"]\nratios = [0.5]'
    assert problem(text.replace("\nratios = here\n", "\\\nratios = here\\\n")).startswith("m.toml:5: ratios[0]")


def test_values_become_what_the_cells_need() -> None:
    matrix = parse_matrix(
        'datasets = ["a"]\nseeds = 3\nratios = ["natural", 50]\n[limits]\ntimeout = "2m"\nmemory = "1GB"'
    )
    assert matrix.seeds == (0, 1, 2)
    assert matrix.ratios == ("natural", 50.0)
    assert (matrix.limits.timeout, matrix.limits.memory) == (120.0, 10**9)


def test_the_own_data_of_a_user_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "My Transactions.csv").write_text("a,fraud\n1,0\n")
    file = tmp_path / "mine.toml"
    file.write_text('datasets = [{file = "My Transactions.csv", target = "fraud", drop = ["id"]}]')
    matrix = load_matrix(file)
    assert matrix.name == "mine"
    assert matrix.datasets[0].label == "my-transactions"
    assert Path(matrix.datasets[0].file) == (tmp_path / "My Transactions.csv").resolve()


def test_a_missing_data_file_is_told_with_the_path_it_was_looked_for(tmp_path: Path) -> None:
    file = tmp_path / "mine.toml"
    file.write_text('[[datasets]]\nfile = "nowhere.csv"\ntarget = "y"')
    with pytest.raises(
        UsageError, match=r"mine\.toml:2: datasets\[0\]\.file: expected a file, found none at .*nowhere\.csv"
    ):
        load_matrix(file)


def test_a_file_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    file = tmp_path / "windows.toml"
    file.write_bytes(b'\xef\xbb\xbfdatasets = ["a"]\r\nseeds = 1\r\n')
    assert load_matrix(file).seeds == (0,)


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"PAR1\x15\x80\x00", b'datasets = ["\x00"]'])
def test_a_file_that_is_no_toml(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "x.toml"
    file.write_bytes(content)
    with pytest.raises(UsageError, match="TOML"):
        load_matrix(file)


def test_a_huge_file_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "x.toml"
    with file.open("wb") as stream:
        stream.truncate(10**9)
    with pytest.raises(UsageError, match="1000000000 bytes of something else"):
        load_matrix(file)


def test_unknown_names_come_with_the_nearest_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="'quikstart'; did you mean 'quickstart'"):
        load_matrix("quikstart")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "fraud.toml").write_text('datasets = ["a"]')
    with pytest.raises(UsageError, match=r"'frau\.toml'; did you mean 'fraud\.toml'"):
        load_matrix("frau.toml")
    for odd in (str(tmp_path), "", "a\0b", "x" * 300):
        with pytest.raises((UsageError, EnvironmentFault)):
            load_matrix(odd)


def test_a_file_goes_before_a_builtin_matrix_of_that_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "smoke").write_text('datasets = ["mine"]')
    assert load_matrix("smoke").datasets[0].name == "mine"


def test_requirements_are_compared_with_what_is_installed() -> None:
    def requiring(text: str) -> Matrix:
        return parse_matrix(f'datasets = ["a"]\nrequires = ["{text}"]')

    from imbench.matrix.loading import check_requirements

    check_requirements(requiring("imbench>=0.1"))
    check_requirements(requiring("imbench-nowhere; python_version < '3'"))
    with pytest.raises(PluginError, match=r"requires imbench-nowhere.*not installed: pip install 'imbench-nowhere>=2'"):
        check_requirements(requiring("imbench-nowhere>=2"))
    with pytest.raises(PluginError, match=r"requires imbench>=99, but .* is installed"):
        check_requirements(requiring("imbench>=99"))


@pytest.mark.parametrize("name", builtin_names())
def test_builtin_matrices_are_valid_and_survive_json(name: str) -> None:
    matrix = load_matrix(name)
    assert matrix.name == name
    assert matrix.summary
    assert Matrix.model_validate_json(json.dumps(matrix.model_dump(mode="json"))) == matrix
    assert tomllib.loads(matrix_text(name))


def test_the_schema_describes_every_key() -> None:
    schema = json_schema()
    assert schema["additionalProperties"] is False
    assert set(schema["properties"]) == set(Matrix.model_fields)
    tables = [schema, *schema["$defs"].values()]
    for table in tables:
        for key, value in table["properties"].items():
            assert value.get("description") or "$ref" in value, key
    json.dumps(schema)


@pytest.mark.parametrize("name", builtin_names())
def test_the_schema_accepts_the_builtin_matrices(name: str) -> None:
    assert accepts(json_schema(), tomllib.loads(matrix_text(name)))


@pytest.mark.parametrize(
    "text",
    [
        "seeds = 3",
        'datasets = ["a"]\nseed = 3',
        'datasets = [{name = "a", ratio = [3]}]',
        'datasets = ["a"]\nratios = [0.5]',
        'datasets = ["a"]\nbudget = {steps = 0}',
        'datasets = ["a"]\nratios = ["neutral"]',
        "datasets = []",
    ],
)
def test_the_schema_refuses_what_we_refuse(text: str) -> None:
    problem(text)
    assert not accepts(json_schema(), tomllib.loads(text))


def accepts(schema: dict, value: object, root: dict | None = None) -> bool:
    """A validator for the part of JSON Schema that our schema uses; an unknown keyword is an error."""
    root = root or schema
    types = {
        "object": dict,
        "array": list,
        "string": str,
        "number": (int, float),
        "integer": int,
        "boolean": bool,
        "null": type(None),
    }
    checks = {
        "type": lambda v: isinstance(value, types[v]) and (v == "boolean" or not isinstance(value, bool)),
        "$ref": lambda v: accepts(root["$defs"][v.removeprefix("#/$defs/")], value, root),
        "anyOf": lambda v: any(accepts(each, value, root) for each in v),
        "const": lambda v: value == v,
        "enum": lambda v: value in v,
        "minimum": lambda v: value >= v,
        "maximum": lambda v: value <= v,
        "exclusiveMinimum": lambda v: value > v,
        "minItems": lambda v: len(value) >= v,
        "minLength": lambda v: len(value) >= v,
        "maxLength": lambda v: len(value) <= v,
        "pattern": lambda v: re.search(v, value) is not None,
        "items": lambda v: all(accepts(v, each, root) for each in value),
        "required": lambda v: set(v) <= set(value),
        "properties": lambda v: all(accepts(v[key], each, root) for key, each in value.items() if key in v),
        "additionalProperties": lambda v: all(
            accepts(v, value[key], root) if isinstance(v, dict) else v
            for key in set(value) - set(schema.get("properties", {}))
        ),
    }
    known = {"title", "description", "default", "$defs", "$schema"}
    # the type first: the other checks assume it
    return all(checks[key](schema[key]) for key in sorted(schema, key=lambda key: key != "type") if key not in known)


def toml_of(value: object) -> str:
    """A value as inline TOML."""
    match value:
        case bool():
            return str(value).lower()
        case dict():
            return (
                "{"
                + ", ".join(f"{json.dumps(key, ensure_ascii=False)} = {toml_of(each)}" for key, each in value.items())
                + "}"
            )
        case list():
            return "[" + ", ".join(map(toml_of, value)) + "]"
        case str():
            return json.dumps(value, ensure_ascii=False)
        case datetime.date():
            return value.isoformat()
    return str(value)


KEYS = sorted(
    {
        *Matrix.model_fields,
        "file",
        "target",
        "ratio",
        "use",
        "grid",
        "params",
        "k",
        "focal.gamma",
        "timeout",
        "steps",
        "head",
        "x\n",
    }
)
TEXT = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=8)
LEAVES = (
    st.booleans()
    | st.integers()
    | st.floats()
    | TEXT
    | st.dates()
    | st.sampled_from(["natural", "smote", "smote(k=3)", "10m", "8GB", "a"])
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | TEXT, inner, max_size=3),
    max_leaves=12,
)


def complaint(text: str) -> str:
    """What is wrong with a matrix, or nothing; any other exception fails the test."""
    try:
        parse_matrix(text)
    except ImbenchError as error:
        return str(error)
    return ""


@given(st.dictionaries(st.sampled_from(KEYS) | TEXT, VALUES, max_size=5), st.booleans())
def test_any_toml_is_a_matrix_or_one_line(data: dict, good_datasets: bool) -> None:
    if good_datasets:
        data["datasets"] = ["a"]
    text = "\n".join(f"{json.dumps(key, ensure_ascii=False)} = {toml_of(value)}" for key, value in data.items())
    tomllib.loads(text)  # the text is TOML indeed
    message = complaint(text)
    assert "\n" not in message
    assert len(message) < 2000


@given(st.text())
def test_any_text_is_a_matrix_or_one_line(text: str) -> None:
    assert "\n" not in complaint(text)
