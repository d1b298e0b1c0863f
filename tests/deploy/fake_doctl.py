#!/usr/bin/env python3
"""Stands in for doctl: keeps a namespace in a JSON file beside it and fails in the ways that the state asks for."""

import json
import os
import sys
from pathlib import Path

import yaml

STATE = Path(os.environ["FAKE_DOCTL_STATE"])


def main(words: list[str]) -> int:
    """Answer one command."""
    state = json.loads(STATE.read_text())
    state["calls"].append(words)
    try:
        return answer(state, words)
    finally:
        STATE.write_text(json.dumps(state))


def answer(state: dict, words: list[str]) -> int:  # type: ignore[type-arg]
    """Do what `words` ask for in the namespace."""
    command = " ".join(words[:3])
    if error := state["errors"].get(words[1]) or state["errors"].get(command):
        print(json.dumps({"errors": [{"detail": error}]}))
        return 1
    if words[1] == "status":
        print("Connected to functions namespace 'fn-test' on API host 'https://faas.example'")
    elif words[1] == "deploy":
        return deploy(state, Path(words[2]))
    elif command == "serverless functions list":
        print(
            json.dumps([{"name": n.split("/")[1], "namespace": f"fn-test/{n.split('/')[0]}"} for n in state["there"]])
        )
    elif command == "serverless functions get":
        print(json.dumps(state["there"][words[3]]))
    elif command == "serverless triggers list":
        print(json.dumps(list(state["triggers"].values())))
    elif command == "serverless undeploy --triggers":
        for name in words[3:]:
            del state["triggers"][name]
    elif words[1] == "undeploy":
        for name in words[2:]:
            del state["there"][name]
    return 0


def deploy(state: dict, folder: Path) -> int:  # type: ignore[type-arg]
    """Put a tree into the namespace, but for the functions and triggers that the state says are lost."""
    lines, failures = ["Deployed functions:"], []
    for package in yaml.safe_load((folder / "project.yml").read_text())["packages"]:
        for function in package["functions"]:
            name = f"{package['name']}/{function['name']}"
            if function["name"] in state["failing"]:
                failures.append(f"  - {name}: {state['failing'][function['name']]}")
                continue
            lines.append(f"  - {name}")
            if function["name"] in state["vanishing"]:
                continue
            notes = {**function.get("annotations", {}), "web-export": function["web"] is not False}
            limits = {**function["limits"], **state["other_limits"].get(function["name"], {})}
            state["there"][name] = {
                "limits": limits,
                "annotations": [{"key": key, "value": value} for key, value in notes.items()],
            }
            for trigger in function.get("triggers", []) if state["keeps_triggers"] else []:
                row = {"name": trigger["name"], "function": name, "is_enabled": True}
                state["triggers"][trigger["name"]] = {**row, "scheduled_details": trigger["scheduledDetails"]}
    print("\n".join([*lines, *(["Failures:", *failures] if failures else [])]))
    # The real deployer also reports success by its exit code when functions failed.
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
