"""Which templates say a value that may be empty, and have no word for when it is: `Dear ,` shall reach nobody.

Contract: `named` reads the templates and gives a warning for every line that says such a value outside of an `{% if %}`
about its owner, without an `or`, and not by itself on its line. What is handed to a macro is the macro's own matter.
"""

from collections.abc import Iterable, Iterator

from jinja2 import nodes

from autoresponder.answer.loader import Parsed
from autoresponder.errors import Place, Problem

MAY_BE_EMPTY = {
    "sender": ("name", "first_name", "first_seen"),
    "customer": ("since",),
    "original": ("subject", "date"),
    "office": ("next_open",),
}
"""Owner -> its values that not every letter fills; of `contact` it is all of them."""
_FOR_NAMES = "{{ salutation }} and {{ greeting }} have a word for everybody"


def named(files: Iterable[Parsed]) -> Iterator[Problem]:
    """The warnings for all files."""
    for path, text, tree in files:
        lines = text.split("\n")
        for line, value in dict.fromkeys(_statements(tree, frozenset())):
            if not _alone(lines[line - 1]):
                step = _FOR_NAMES if value.endswith("name") and value.startswith("sender.") else ""
                step = step or f'say {{{{ {value} or "…" }}}}, or put {{% if {value} %}} … {{% endif %}} around it'
                yield Problem(Place(path, line), f"“{value}” may be empty, and leaves a gap then", step, "warning")


def _alone(line: str) -> bool:
    """Whether a value is all that is on a line, which is not there then when it is empty."""
    bare = line.strip()
    return bare.startswith("{{") and bare.endswith("}}") and bare.count("{{") == 1


_Found = Iterator[tuple[int, str]]


def _statements(node: nodes.Node, asked: frozenset[str]) -> _Found:
    """(line, value) of what is said below a node. `asked`: the owners that an {% if %} around it asks about."""
    if isinstance(node, nodes.Output):
        for expression in node.nodes:
            yield from _said(expression, asked)
        return
    if isinstance(node, nodes.If):
        asked |= _owners(node.test)
    for child in node.iter_child_nodes():
        yield from _statements(child, asked)


def _said(node: nodes.Node, asked: frozenset[str]) -> _Found:
    """The same of an expression whose value is written into the letter."""
    if isinstance(node, nodes.Getattr):
        owner = node.node.name if isinstance(node.node, nodes.Name) else ""
        if owner not in asked and (owner == "contact" or node.attr in MAY_BE_EMPTY.get(owner, ())):
            yield node.lineno, f"{owner}.{node.attr}"
    elif isinstance(node, nodes.Or):  # before the `or` it has its word
        yield from _said(node.right, asked)
    elif isinstance(node, nodes.And):
        yield from _said(node.right, asked | _owners(node.left))
    elif isinstance(node, nodes.CondExpr):
        for branch in (node.expr1, node.expr2):
            if branch:
                yield from _said(branch, asked | _owners(node.test))
    elif isinstance(node, nodes.Filter):
        if node.node and not _defaults(node):
            yield from _said(node.node, asked)
    elif isinstance(node, nodes.Concat | nodes.Add):
        for child in node.iter_child_nodes():
            yield from _said(child, asked)


def _defaults(node: nodes.Filter) -> bool:
    """Whether a filter puts another word for an empty text: `default("x", true)`; without `true` it does not."""
    flags = (*node.args[1:], *(pair.value for pair in node.kwargs if pair.key == "boolean"))
    return node.name in ("default", "d") and any(isinstance(flag, nodes.Const) and flag.value for flag in flags)


def _owners(test: nodes.Node) -> frozenset[str]:
    """The values that a condition is about."""
    return frozenset(one.name for one in (test, *test.find_all(nodes.Name)) if isinstance(one, nodes.Name))
