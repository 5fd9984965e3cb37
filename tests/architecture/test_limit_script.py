"""`limit_script.lua` is what `make limit-script` writes from `app.security.limit_algorithm`."""

import pytest

from tools.limit_script import BEGIN, SCRIPT, UntranslatableError, script, translation


def test_the_script_is_what_the_generator_writes() -> None:
    text = SCRIPT.read_text(encoding="utf-8")

    assert script(text) == text, "run `make limit-script`"


def test_a_changed_script_is_written_anew() -> None:
    text = SCRIPT.read_text(encoding="utf-8")
    changed = text.replace("backoff_level == 1", "backoff_level == 2")

    assert changed != text
    assert script(changed) == text


def test_a_script_without_the_generated_part_is_refused() -> None:
    with pytest.raises(ValueError, match="must contain these lines"):
        script(SCRIPT.read_text(encoding="utf-8").replace(BEGIN, ""))


def test_named_arguments_are_passed_in_the_order_of_the_definition() -> None:
    source = """
def difference(first, *, second, third):
    \"\"\"Subtract.\"\"\"
    return first - second - third

def total(value):
    rest = difference(value, third=3, second=2.5)
    return max(rest, 0)
"""

    assert translation(source).endswith(
        """
local difference, total

-- Subtract.
difference = function(first, second, third)
  return ((first - second) - third)
end

total = function(value)
  local rest
  rest = difference(value, 2.5, 3)
  return math.max(rest, 0)
end
"""
    )


@pytest.mark.parametrize(
    "body",
    [
        "return 1 if value else 2",  # zero is true in Lua
        "return is_big and value",
        "return value or 1",
        "return is_big or value == 1",
        "return not is_big",
        "return value // 2",
        "return 'text'",
        "return [value]",
        "return value in (1, 2)",
        "return round(value)",
        "return max(value, key=value)",
        "return function(value)",
        "return function(value, is_large=True)",
        "return",
        "value += 1",
        "value = other = 1",
        "while value > 1:\n        value = 1",
        "for value in values:\n        is_big = value\n    else:\n        is_big = value",
        "assert value",
    ],
)
def test_what_lua_would_take_in_another_way_is_refused(body: str) -> None:
    with pytest.raises(UntranslatableError, match="line 2"):
        translation(f"def function(value, *, is_big):\n    {body}\n")


@pytest.mark.parametrize(
    "source",
    [
        "class Rule: ...",
        "def function(value=1): return value",
        "def function(*, value=1): return value",
        "@cache\ndef function(value): return value",
        "async def function(value): return value",
    ],
)
def test_what_is_neither_a_constant_nor_a_plain_function_is_refused(source: str) -> None:
    with pytest.raises(UntranslatableError):
        translation(source)
