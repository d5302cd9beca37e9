"""JSON Schema 2020-12 of the shapes: of a body, which must hold what is required, and of a response, of which `$select` can leave a part."""

from __future__ import annotations

from broker.web.graph.shapes import AnyValue, Flag, LineMap, Many, Number, OneOf, Record, Shape, String

Schema = dict[str, object]

_CONTEXT: Schema = {"@odata.context": {"type": "string"}, "@odata.type": {"type": "string"}}


class Schemas:
    """Makes schemas; those of named records go to `components`, and a reference stands in their place."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}
        self._records: dict[str, tuple[Record, bool]] = {}

    def of_body(self, shape: Shape) -> Schema:
        """The schema of a value in a request."""
        return self._schema(shape, sent=True)

    def of_response(self, shape: Shape) -> Schema:
        """The schema of a value in a response."""
        return self._schema(shape, sent=False)

    def _schema(self, shape: Shape, *, sent: bool) -> Schema:
        if isinstance(shape, Record) and shape.name:
            if self._records.setdefault(shape.name, (shape, sent)) != (shape, sent):
                raise ValueError(f"two records have the name {shape.name!r}")
            if shape.name not in self.components:
                self.components[shape.name] = {}  # so that a record inside itself ends
                self.components[shape.name] = self._record(shape, sent=sent)
            return {"$ref": f"#/components/schemas/{shape.name}"}
        if isinstance(shape, OneOf):
            return {"anyOf": [self._schema(one, sent=sent) for one in shape.records]}
        found = self._plain(shape, sent=sent)
        about = getattr(shape, "about", "")
        return {**found, "description": about} if about else found

    def _plain(self, shape: Shape, *, sent: bool) -> Schema:
        if isinstance(shape, String):
            return _string(shape, sent=sent)
        if isinstance(shape, Flag):
            found: Schema = {"type": _type("boolean", null=shape.null or sent)}
            return found if shape.only is None else {**found, "enum": [shape.only, *([None] if sent else [])]}
        if isinstance(shape, Number):
            return {"type": _type("integer", null=shape.null)}
        if isinstance(shape, LineMap):
            lines: Schema = {"type": _type("object", null=sent), "additionalProperties": {"type": "string"}}
            return {**lines, "maxProperties": shape.limit} if sent else lines
        if isinstance(shape, AnyValue):
            return {}
        if isinstance(shape, Many):
            return self._list(shape, sent=sent)
        if isinstance(shape, Record):
            return self._record(shape, sent=sent)
        raise TypeError(f"no schema of {type(shape).__name__}")

    def _list(self, shape: Many, *, sent: bool) -> Schema:
        null = shape.null or (sent and not shape.filled)
        found: Schema = {"type": _type("array", null=null), "items": self._item(shape.item, sent=sent)}
        if sent and shape.limit is not None:
            found["maxItems"] = shape.limit
        return {**found, "minItems": 1} if shape.filled else found

    def _item(self, item: Shape, *, sent: bool) -> Schema:
        """In a list nothing is left out, so no item of a body is null."""
        found = self._schema(item, sent=sent)
        if sent and not isinstance(item, Record | OneOf):
            found = {**found, "type": "string"}
            if isinstance(item, String) and item.values:
                found["enum"] = list(item.values)
        if sent and isinstance(item, Record) and not item.name:
            found = {**found, "type": "object"}
        return found

    def _record(self, shape: Record, *, sent: bool) -> Schema:
        properties: Schema = {name: self._schema(one, sent=sent) for name, one in shape.properties.items()}
        if not sent:
            properties = {**(_CONTEXT if shape.name else {"@odata.type": {"type": "string"}}), **properties}
            if shape.kind:
                properties["@odata.type"] = {"const": shape.kind}
        required = [*shape.required, *(["@odata.type"] if shape.kind and not sent else [])]
        found: Schema = {"type": _type("object", null=shape.null or (sent and not shape.name)), "properties": properties}
        if sent:  # annotations are read over; @odata.id is a property, where there is one
            found["patternProperties"] = {r"^@odata\.(?!id$)": {}}
        found["additionalProperties"] = False
        return {**found, "required": required} if required else found


def _type(name: str, *, null: bool) -> str | list[str]:
    return [name, "null"] if null else name


def _string(shape: String, *, sent: bool) -> Schema:
    null = shape.null or (sent and not shape.filled)
    found: Schema = {"type": _type("string", null=null)}
    if shape.values:
        found["enum"] = [*shape.values, *([None] if null else [])]
    elif sent:
        found["maxLength"] = shape.limit
    if shape.filled and not shape.values:
        found["minLength"] = 1
    if shape.form:
        found["format"] = shape.form
    return found
