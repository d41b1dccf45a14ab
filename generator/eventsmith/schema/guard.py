"""The last look at generated code: it declares classes and fields, and does nothing."""

import ast
from collections.abc import Iterator

from eventsmith.errors import EventsmithError
from eventsmith.schema.vocabulary import BUILTINS, CHASSIS, MODULES

_CALLS = {"ConfigDict", "Decimal", "Field"}
_HARMLESS = (
    *(ast.Module, ast.AnnAssign, ast.Assign, ast.Name, ast.Load, ast.Store, ast.Constant),
    *(ast.Subscript, ast.Tuple, ast.List, ast.Dict, ast.BinOp, ast.BitOr, ast.UnaryOp, ast.USub),
    ast.arguments,
)


def imported_names(code: str) -> set[str]:
    """Return what `code` imports, chassis aside; raises unless it is nothing but declarations."""
    nodes = list(ast.walk(ast.parse(code)))
    classes = {node.name for node in nodes if isinstance(node, ast.ClassDef)}
    for node in nodes:
        if not isinstance(node, _HARMLESS) and not _known(node, classes):
            raise _fault(ast.unparse(node))
        if isinstance(node, ast.AnnAssign) and (text := next(_evaluated(node.annotation), None)):
            raise _fault(ast.unparse(text))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    used = {name.id for name in names if isinstance(name.ctx, ast.Load)}
    if unknown := used - classes - BUILTINS - CHASSIS - MODULES.keys():
        raise _fault(min(unknown))
    return used & MODULES.keys()


def _known(node: ast.AST, classes: set[str]) -> bool:
    match node:
        case (
            ast.ClassDef(bases=[ast.Name()], keywords=[], decorator_list=[])
            | ast.Expr(ast.Constant(str()))
            | ast.keyword(str())
            | ast.Lambda(_, ast.Constant(None))
        ):
            return True
        case ast.Call(ast.Name(name)):
            return name in _CALLS
        case ast.Attribute(ast.Name(name)):
            return name in classes
    return False


def _evaluated(annotation: ast.AST) -> Iterator[ast.AST]:
    """Return the strings which Python would take for types, and evaluate."""
    match annotation:
        case ast.Constant(str()):
            yield annotation
        case ast.Call() | ast.Subscript(ast.Name("Literal")):
            return
        case _:
            for inner in ast.iter_child_nodes(annotation):
                yield from _evaluated(inner)


def _fault(code: str) -> EventsmithError:
    return EventsmithError(
        f"this schema leads to code that has no place in a contract, {code[:60]!a}; "
        "that is a fault of eventsmith: please report it"
    )
