"""The shapes of bodies and responses, as tables.

Owns: the kinds of values, and the properties of each resource, a file a subject.
Does not know: HTTP, permissions, rows; how a value is made.
Offers: the kinds of `values`. `$select`, the validation of bodies and the OpenAPI document read the same tables.
"""

from broker.web.graph.shapes.values import AnyValue, Flag, LineMap, Many, Number, OneOf, Record, Shape, String

__all__ = ["AnyValue", "Flag", "LineMap", "Many", "Number", "OneOf", "Record", "Shape", "String"]
