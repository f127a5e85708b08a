"""Writes CPython's syntax tree of a program in the format of ast_dump.h, to compare the two parsers."""
import ast
import struct

LEFT_OUT = {"type_comment", "type_ignores", "kind", "type_params", "is_async"}
NO_RANGE = {"arguments", "comprehension", "withitem"}


def quote(data):
    return '"' + "".join(chr(b) if 32 <= b < 127 and b not in b'"\\' else "\\%02x" % b for b in data) + '"'


def constant(value):
    if value is None or value is True or value is False:
        return repr(value)
    if value is ...:
        return "Ellipsis"
    if isinstance(value, int):
        return "%x" % value if value < 2**63 else "big:%x" % value
    if isinstance(value, float):
        return "float:%.17e" % value
    if isinstance(value, bytes):
        return "b" + quote(value)
    return quote(value.encode("utf-8", "surrogatepass"))


def dump(node, root=True):
    if isinstance(node, ast.Module):
        return "".join(dump(s) + "\n" for s in node.body)
    if node is None:
        return "-"
    if isinstance(node, list):
        return "[" + "".join(" " + dump(item) for item in node) + " ]"
    if isinstance(node, str):
        return node
    if not isinstance(node, ast.AST):
        return str(node)
    kind = type(node).__name__
    if isinstance(node, (ast.expr_context, ast.operator, ast.unaryop, ast.boolop, ast.cmpop)):
        return kind
    head = "(" + kind
    if kind not in NO_RANGE:
        head += "@%d:%d-%d:%d" % (node.lineno, node.col_offset, node.end_lineno, node.end_col_offset)
    if kind == "Constant":
        return head + " " + constant(node.value) + ")"
    if kind == "FormattedValue":
        conversion = "-" if node.conversion == -1 else chr(node.conversion)
        return "%s %s %s %s)" % (head, dump(node.value), conversion, dump(node.format_spec))
    fields = [getattr(node, f) for f in node._fields if f not in LEFT_OUT]
    return head + "".join(" " + dump(f) for f in fields) + ")"
