package examples

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// pythonClient makes the client in Python.
func pythonClient(d *document) []byte {
	var b strings.Builder
	b.WriteString(`"""A client of a gate, made from its OpenAPI document. Do not edit.

Python 3.8 or later, the standard library alone. Bodies and answers are
dictionaries; the TypedDict classes below say what they hold.
"""
from __future__ import annotations

import http.client
import json
import socket
from typing import Any, Dict, List, Optional, TypedDict
from urllib.parse import quote, urlencode, urlsplit


class Problem(Exception):
    """What the gate says is wrong: status, code, and both texts."""

    def __init__(self, status: int, told: Dict[str, Any]):
        self.status = status
        self.code: str = told.get("code", "")
        self.message: Dict[str, str] = told.get("message", {})
        self.mend: Dict[str, str] = told.get("mend", {})
        super().__init__(f"{self.code}: {self.message.get('zh')} / {self.message.get('en')}")


class _SocketConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float):
        super().__init__("gate", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


`)
	for _, name := range pythonOrder(d) {
		pythonType(&b, name, d.Components.Schemas[name])
	}
	b.WriteString(`class Client:
    """Asks one gate over one connection: one for each thread."""

    def __init__(self, address: str, timeout: float = 30):
        """address: a URL such as http://127.0.0.1:8701, or unix: and the path of its socket."""
        self._connection: http.client.HTTPConnection
        if address.startswith("unix:"):
            self._connection = _SocketConnection(address[len("unix:"):], timeout)
        else:
            self._connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=timeout)

    def close(self) -> None:
        self._connection.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def _call(self, method: str, path: str, query: Dict[str, Optional[str]], body: Any) -> Any:
        given = {name: value for name, value in query.items() if value is not None}
        if given:
            path += "?" + urlencode(given)
        sent = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        try:
            self._connection.request(method, path, sent, {"Content-Type": "application/json"})
            answer = self._connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()  # the next call opens another
            raise
        told = json.loads(text)
        if answer.status >= 300:
            raise Problem(answer.status, told)
        return told
`)
	for _, o := range d.operations() {
		pythonMethod(&b, o)
	}
	return []byte(b.String())
}

// pythonOrder returns the schemas so that each stands after those it holds: names
// are looked up when a class is read by a type checker, and by people from the top.
func pythonOrder(d *document) (order []string) {
	seen := map[string]bool{"Problem": true} // an exception
	var visit func(name string)
	visit = func(name string) {
		if name == "" || seen[name] {
			return
		}
		seen[name] = true
		for _, field := range slices.Sorted(maps.Keys(d.Components.Schemas[name].Properties)) {
			p := d.Components.Schemas[name].Properties[field]
			visit(p.name())
			if p.Items != nil {
				visit(p.Items.name())
			}
		}
		order = append(order, name)
	}
	for _, name := range slices.Sorted(maps.Keys(d.Components.Schemas)) {
		visit(name)
	}
	return order
}

func pythonType(b *strings.Builder, name string, s *schema) {
	fmt.Fprintf(b, "class %s(TypedDict, total=False):\n", name)
	if s.Description != "" {
		fmt.Fprintf(b, "    \"\"\"%s\"\"\"\n\n", s.Description)
	}
	for _, field := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[field]
		fmt.Fprintf(b, "    %s: %s", field, pythonKind(p))
		remark := p.Description
		if s.needs(field) {
			remark = strings.TrimSuffix("always there; "+remark, "; ")
		}
		if remark != "" {
			fmt.Fprintf(b, "  # %s", remark)
		}
		b.WriteString("\n")
	}
	b.WriteString("\n\n")
}

func pythonKind(s *schema) string {
	if s.Ref != "" {
		return s.name()
	}
	switch s.Type {
	case "integer":
		return "int"
	case "boolean":
		return "bool"
	case "array":
		return "List[" + pythonKind(s.Items) + "]"
	case "object":
		return "Dict[str, int]"
	}
	return "str"
}

func pythonMethod(b *strings.Builder, o *operation) {
	arguments, path, body, query := "self", fmt.Sprintf("%q", o.path), "None", ""
	for _, p := range o.in("path") {
		arguments += ", " + p.Name + ": str"
		path = "f" + strings.ReplaceAll(path, "{"+p.Name+"}", "{quote("+p.Name+", safe='')}")
	}
	if o.body() != "" {
		arguments, body = arguments+", body: "+o.body(), "body"
	}
	told := ""
	for _, p := range o.in("query") {
		if arguments += ", " + p.Name + ": Optional[str] = None"; query != "" {
			query += ", "
		}
		query += fmt.Sprintf("%q: %s", p.Name, p.Name)
		told += fmt.Sprintf("\n        %s: %s", p.Name, p.Description)
	}
	if told != "" {
		told = "\n" + told + "\n        "
	}
	answer := o.answer()
	if answer == "" {
		answer = "Any"
	}
	fmt.Fprintf(b, "\n    def %s(%s) -> %s:\n        \"\"\"%s.%s\"\"\"\n        return self._call(%q, %s, {%s}, %s)\n", o.OperationID, arguments, answer, strings.TrimSuffix(o.Summary, "."), told, o.method, path, query, body)
}
