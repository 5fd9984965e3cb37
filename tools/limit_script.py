"""Translate `app/security/limit_algorithm.py` to Lua, for `app/outbound/limit_script.lua`.

Redis has to judge an attempt itself: between a server's reading and its writing, attempts of other
servers could come. Translated, the algorithm is written once.

Only what it uses is translated, and everything else is refused: constants, and functions of numbers
and records without default values. A record becomes a table. Lua takes 0 for true, so a condition
must be a comparison, or a name that begins with `is_` or is one of `BOOLEANS`.
"""

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "app" / "security" / "limit_algorithm.py"
SCRIPT = ROOT / "app" / "outbound" / "limit_script.lua"
BEGIN = "-- Generated from app/security/limit_algorithm.py by `make limit-script`; edit it there."
END = "-- End of the generated part."

BEFORE_FUNCTIONS = """\
local NOTHING = { window = 0, current = 0, previous = 0, backoff_level = 0, blocked_until = 0 }

local function replace(record, changes)
  local copy = {}
  for name, value in pairs(record) do copy[name] = value end
  for name, value in pairs(changes) do copy[name] = value end
  return copy
end

local function choose(condition, value, other)
  if condition then return value else return other end
end
"""
TRANSLATED = ast.FunctionDef | ast.Assign
NOT_NEEDED_IN_LUA = ast.Import | ast.ImportFrom | ast.Expr  # an expression is the docstring
BOOLEANS = frozenset({"clears"})
FUNCTIONS = {"max": "math.max", "min": "math.min", "math.floor": "math.floor"}
ARITHMETIC = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "^"}
COMPARISONS = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.Eq: "==",
    ast.Is: "==",
    ast.IsNot: "~=",
}


class UntranslatableError(Exception):
    """The algorithm uses a part of Python that is not translated."""

    def __init__(self, node: ast.AST) -> None:
        super().__init__(f"line {getattr(node, 'lineno', 0)}: {ast.unparse(node)}")


def main() -> None:
    SCRIPT.write_text(script(SCRIPT.read_text(encoding="utf-8")), encoding="utf-8")


def script(text: str) -> str:
    """Return the text of the script with the generated part renewed."""
    before, begin, rest = text.partition(f"{BEGIN}\n")
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"{SCRIPT.name} must contain these lines:\n{BEGIN}\n{END}")
    return f"{before}{begin}{translation(SOURCE.read_text(encoding='utf-8'))}{end}{after}"


def translation(source: str) -> str:
    """Return the constants and functions of a module in Lua."""
    body = ast.parse(source).body
    functions = [each for each in body if isinstance(each, ast.FunctionDef)]
    constants = [each for each in body if isinstance(each, ast.Assign)]
    for each in body:
        if not isinstance(each, TRANSLATED | NOT_NEEDED_IN_LUA):
            raise UntranslatableError(each)
    translator = _Translator(functions)
    lines = [f"local {line}" for each in constants for line in translator.lines(each)]
    names = f"local {', '.join(each.name for each in functions)}"
    parts = [BEFORE_FUNCTIONS, *lines, names, "", *map(translator.function, functions)]
    return "\n".join(parts)


class _Translator:
    """Translates functions that call each other by name."""

    def __init__(self, functions: Sequence[ast.FunctionDef]) -> None:
        self._parameters = {
            each.name: [parameter.arg for parameter in (*each.args.args, *each.args.kwonlyargs)]
            for each in functions
        }

    def function(self, node: ast.FunctionDef) -> str:
        parameters = self._parameters[node.name]
        if node.args.defaults or any(node.args.kw_defaults) or node.decorator_list:
            raise UntranslatableError(node)
        in_loops = {each.target for each in ast.walk(node) if isinstance(each, ast.For)}
        assigned = {
            each.id
            for each in ast.walk(node)
            if isinstance(each, ast.Name)
            and isinstance(each.ctx, ast.Store)
            and each not in in_loops
        }
        names = sorted(assigned - set(parameters))
        description = (ast.get_docstring(node) or "").partition("\n")[0]
        return "\n".join(
            [
                *([f"-- {description}"] if description else []),
                f"{node.name} = function({', '.join(parameters)})",
                *([f"  local {', '.join(names)}"] if names else []),
                *self._block(node.body[1:] if description else node.body),
                "end\n",
            ]
        )

    def lines(self, node: ast.stmt) -> Iterator[str]:
        """Yield the lines of a statement."""
        match node:
            case ast.Assign(targets=[target], value=value):
                yield f"{self._values(target)} = {self._values(value)}"
            case ast.Return(value=ast.expr() as value):
                yield f"return {self._values(value)}"
            case ast.If(test=test, body=body, orelse=others):
                yield f"if {self._condition(test)} then"
                yield from self._block(body)
                yield from ["else", *self._block(others)] if others else []
                yield "end"
            case ast.For(target=ast.Name(id=name), iter=items, body=body, orelse=[]):
                yield f"for _, {name} in ipairs({self._value(items)}) do"
                yield from self._block(body)
                yield "end"
            case _:
                raise UntranslatableError(node)

    def _block(self, statements: Sequence[ast.stmt]) -> list[str]:
        return [f"  {line}" for statement in statements for line in self.lines(statement)]

    def _values(self, node: ast.expr) -> str:
        """Return one value, or the several that a statement assigns or returns."""
        values = node.elts if isinstance(node, ast.Tuple) else [node]
        return ", ".join(map(self._value, values))

    def _value(self, node: ast.expr) -> str:
        match node:
            case ast.Constant(value=bool() | None as value):
                return {True: "true", False: "false", None: "nil"}[value]
            case ast.Constant(value=int() | float() as value):
                return repr(value)
            case ast.Name(id=name):
                return name
            case ast.Attribute(value=record, attr=name):
                return f"{self._value(record)}.{name}"
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in ARITHMETIC:
                sign = ARITHMETIC[type(operator)]
                return f"({self._value(left)} {sign} {self._value(right)})"
            case ast.IfExp(test=test, body=body, orelse=other):
                values = f"{self._value(body)}, {self._value(other)}"
                return f"choose({self._condition(test)}, {values})"
            case ast.Call():
                return self._call(node)
            case _:
                return self._condition(node)

    def _condition(self, node: ast.expr) -> str:
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                if name.startswith("is_") or name in BOOLEANS:
                    return self._value(node)
            case ast.BoolOp(op=ast.And(), values=values):
                return " and ".join(map(self._condition, values))
            case ast.Compare(left=left, ops=operators, comparators=others):
                if all(type(each) in COMPARISONS for each in operators):
                    return " and ".join(
                        f"{self._value(one)} {COMPARISONS[type(operator)]} {self._value(other)}"
                        for one, operator, other in zip(
                            [left, *others], operators, others, strict=False
                        )
                    )
        raise UntranslatableError(node)

    def _call(self, node: ast.Call) -> str:
        name, values = ast.unparse(node.func), list(map(self._value, node.args))
        named = {each.arg: self._value(each.value) for each in node.keywords}
        if name == "replace":
            changes = ", ".join(f"{field} = {value}" for field, value in named.items())
            return f"replace({values[0]}, {{ {changes} }})"
        if name in FUNCTIONS and not named:
            return f"{FUNCTIONS[name]}({', '.join(values)})"
        order = self._parameters.get(name, [])[len(values) :]
        if name not in self._parameters or set(order) != set(named):
            raise UntranslatableError(node)
        return f"{name}({', '.join([*values, *(named[each] for each in order)])})"


if __name__ == "__main__":
    main()
