"""A real yaml-language-server (npm), spoken to as an editor does: the Language Server Protocol over its standard input.

`make test` installs it into `.venv/editor`; where that is missing (no npm), tests are skipped with one loud line.
"""

import json
import os
import queue
import shutil
import subprocess
import threading
from pathlib import Path
from typing import Any, Self

import pytest

from tests.lab import PATIENCE
from tests.lab.machine import SKIPPED

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAM = ROOT / ".venv" / "editor" / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"


class Editor:
    """One session. Documents live in memory; `folder` is where they seem to be."""

    def __init__(self, folder: Path) -> None:
        """Starts the server; skips the test where there is none."""
        node = shutil.which("node")
        if node is None or not PROGRAM.exists():
            pytest.skip(f"{SKIPPED}make test with npm, for yaml-language-server")
        self._folder, self._number = folder, 0
        self._said: queue.Queue[dict[str, Any]] = queue.Queue()
        self._process = subprocess.Popen(
            [node, str(PROGRAM), "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            env=os.environ | {"NODE_NO_WARNINGS": "1"},
        )  # fmt: skip
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        capabilities = {"workspace": {"configuration": True}, "textDocument": {"publishDiagnostics": {}}}
        self.ask("initialize", {"processId": os.getpid(), "rootUri": None, "capabilities": capabilities})
        self._send({"method": "initialized", "params": {}})
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()

    def open(self, text: str, name: str = "rules.yaml") -> list[str]:
        """Opens a document; "line: message" of everything that the editor would underline, lines from 1."""
        uri = self._uri(name)
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self._send({"method": "textDocument/didOpen", "params": {"textDocument": document}})
        while True:
            said = self._next()
            if said.get("method") == "textDocument/publishDiagnostics" and said["params"]["uri"] == uri:
                found = said["params"]["diagnostics"]
                return [f"{one['range']['start']['line'] + 1}: {one['message']}" for one in found]

    def complete(self, line: int, column: int, name: str = "rules.yaml") -> list[str]:
        """What is offered at a place of an open document (from 1)."""
        answer = self.ask("textDocument/completion", self._place(line, column, name))
        return [item["label"] for item in answer["items"]]

    def hover(self, line: int, column: int, name: str = "rules.yaml") -> str:
        """What is shown about the word there."""
        answer = self.ask("textDocument/hover", self._place(line, column, name))
        return str(answer["contents"]["value"]) if answer else ""

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        """A request and its answer."""
        self._number += 1
        self._send({"id": self._number, "method": method, "params": params})
        while True:
            said = self._next()
            if said.get("id") == self._number and "method" not in said:
                assert "error" not in said, said
                return said["result"]

    def _place(self, line: int, column: int, name: str) -> dict[str, Any]:
        return {"textDocument": {"uri": self._uri(name)}, "position": {"line": line - 1, "character": column - 1}}

    def _uri(self, name: str) -> str:
        return (self._folder / name).as_uri()

    def _next(self) -> dict[str, Any]:
        """What the server says next; its questions about settings are answered on the way."""
        said = self._said.get(timeout=PATIENCE)
        if "id" in said and "method" in said:
            items = said["params"].get("items", []) if said["method"] == "workspace/configuration" else []
            settings = {"yaml": {"schemaStore": {"enable": False}, "validate": True, "completion": True, "hover": True}}
            self._send({"id": said["id"], "result": [settings.get(item.get("section"), {}) for item in items]})
        return said

    def _send(self, message: dict[str, Any]) -> None:
        body = json.dumps({"jsonrpc": "2.0"} | message).encode()
        assert self._process.stdin
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _listen(self) -> None:
        stream = self._process.stdout
        assert stream
        while line := stream.readline():
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
                while stream.readline().strip():
                    pass
                self._said.put(json.loads(stream.read(length)))
