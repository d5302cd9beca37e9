"""Prints what docs/architecture.md says of the code's packages: files, packages, and imports between packages."""

from __future__ import annotations

import grimp


def figures(package: str) -> tuple[int, int, int, int]:
    """(modules, rooms, imports between modules, arrows between rooms): a room is a direct child of the package."""
    graph = grimp.build_graph("broker", include_external_packages=False, exclude_type_checking_imports=True)
    modules = {name for name in graph.modules if name.startswith(f"{package}.")}
    files = {name for name in modules if not graph.find_children(name)}
    depth = package.count(".") + 2

    def room(name: str) -> str:
        return ".".join(name.split(".")[:depth])

    imports = {
        (source, target) for source in modules for target in graph.find_modules_directly_imported_by(source) if target in modules
    }
    arrows = {(room(source), room(target)) for source, target in imports if room(source) != room(target)}
    return len(files), len({room(name) for name in modules}), len(imports), len(arrows)


if __name__ == "__main__":
    print(f"{'package':24}{'files':>8}{'rooms':>8}{'imports':>10}{'arrows':>8}")
    for name in ("broker.services", "broker.storage", "broker.connectors", "broker.provider", "broker.web"):
        print(f"{name:24}" + "".join(f"{number:>{width}}" for number, width in zip(figures(name), (8, 8, 10, 8), strict=True)))
