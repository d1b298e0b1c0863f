"""YAML as the platform's deployer reads it: no tabs, no repeated keys, only `true` and `false` as booleans."""

import re
from collections.abc import Hashable
from typing import Any

import yaml

from ops.packaging.errors import ProjectError

_VARIABLE = re.compile(r"\$\{[^}]*\}|\$\([^)]*\)")
_BOOL = "tag:yaml.org,2002:bool"


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses repeated keys and takes words such as `yes` for the text that they are."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Build a mapping; raises for a key that stands twice."""
        seen: set[Any] = set()
        for key_node, _ in node.value:
            key = self.construct_object(key_node, deep=True)
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {key!r} stands twice", key_node.start_mark
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag != _BOOL]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver(_BOOL, re.compile(r"^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF"))


def load_strict(text: str, name: str) -> dict[str, Any]:
    """Read a mapping from YAML text; raises ProjectError naming `name` and the line."""
    if "\t" in text:
        line = text[: text.index("\t")].count("\n") + 1
        raise ProjectError(f"{name} line {line}: a tab; the deployer takes spaces only")
    try:
        data = yaml.load(text, Loader=_Loader)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f" line {mark.line + 1}" if mark else ""
        raise ProjectError(f"{name}{where}: {getattr(error, 'problem', None) or error}") from None
    if not isinstance(data, dict):
        raise ProjectError(f"{name}: expected a mapping with the key 'packages'")
    return data


def substitution_problems(text: str, name: str) -> list[str]:
    """List every variable that the deployer's textual substitution would break: unquoted, or inside a comment."""
    problems = []
    for number, line in enumerate(text.splitlines(), 1):
        for match in _VARIABLE.finditer(line):
            word, before = match.group(), line[: match.start()]
            if not re.fullmatch(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}", word):
                problems.append(f"{name} line {number}: {word} is a form of substitution that is not used here")
            elif "#" in before:
                problems.append(f"{name} line {number}: {word} in a comment is substituted too; take it out")
            elif not before.endswith("'") or not line[match.end() :].startswith("'"):
                problems.append(f"{name} line {number}: {word} has to stand in single quotes, '{word}'")
    return problems
