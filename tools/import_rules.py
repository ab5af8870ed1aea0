"""The one kind of import rule: what a room of the house may import, everything else being forbidden."""

from __future__ import annotations

import sys
from typing import Any

from grimp import ImportGraph
from importlinter import Contract, ContractCheck, fields, output


class MayImport(Contract):
    rooms: Any = fields.SetField(subfield=fields.StringField())
    may: Any = fields.SetField(subfield=fields.StringField(), required=False, default=set())
    libraries: Any = fields.SetField(subfield=fields.StringField(), required=False, default=set())
    any_library: Any = fields.BooleanField(required=False, default=False)
    as_files: Any = fields.BooleanField(required=False, default=False)  # the package's own file only

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:  # noqa: ARG002
        broken = [
            (importer, imported, detail["line_number"])
            for importer in sorted(self._modules(graph))
            for imported in sorted(graph.find_modules_directly_imported_by(importer))
            if not self._allowed(imported)
            for detail in graph.get_import_details(importer=importer, imported=imported)
        ]
        return ContractCheck(kept=not broken, metadata={"broken": broken})

    def render_broken_contract(self, check: ContractCheck) -> None:
        for importer, imported, line in check.metadata["broken"]:
            output.print_error(f"{importer} (line {line}) may not import {imported}", bold=False)

    def _modules(self, graph: ImportGraph) -> set[str]:
        found: set[str] = set()
        for room in self.rooms & graph.modules:
            found |= {room} if self.as_files else {room, *graph.find_descendants(room)}
        return found

    def _allowed(self, imported: str) -> bool:
        root = imported.partition(".")[0]
        if root not in self.session_options["root_packages"]:
            return bool(self.any_library) or root in sys.stdlib_module_names or root in self.libraries
        rooms = self.may if self.as_files else self.may | self.rooms
        return any(imported == room or imported.startswith(f"{room}.") for room in rooms)
