"""The shape of code: what is left of it when names of variables and texts may change."""

import ast


def shape_of(node: ast.expr | ast.stmt) -> str:
    """Return the code of a node without its body, variables, texts and owners of attributes."""
    head = _head(node)
    return "" if head is None else ast.unparse(_Shape().visit(_copy(head)))


def header_lines(node: ast.expr | ast.stmt) -> range:
    """Return the lines of a node, without those of its body."""
    head = _head(node)
    last = node if head is None else head
    assert last.end_lineno is not None
    return range(node.lineno, last.end_lineno + 1)


def _head(node: ast.expr | ast.stmt) -> ast.expr | ast.stmt | None:
    match node:
        case (
            ast.If(test=head) | ast.While(test=head) | ast.For(iter=head) | ast.AsyncFor(iter=head)
        ):
            return head
        case ast.With(items=items) | ast.AsyncWith(items=items):
            return items[-1].context_expr
        case ast.Match(subject=head):
            return head
        case ast.Try():
            return None
    return node


def _copy(node: ast.expr | ast.stmt) -> ast.AST:
    module = ast.parse(ast.unparse(node))
    return module.body[0]


class _Shape(ast.NodeTransformer):
    def visit_Name(self, node: ast.Name) -> ast.AST:
        return ast.Name(id="_", ctx=node.ctx)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        if isinstance(node.value, ast.Attribute | ast.Name):
            return ast.Name(id=node.attr.lstrip("_"), ctx=node.ctx)
        return self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> ast.AST:
        return ast.Constant(value="…") if isinstance(node.value, str) else node

    def visit_JoinedStr(self, node: ast.JoinedStr) -> ast.AST:
        return ast.Constant(value="…")
