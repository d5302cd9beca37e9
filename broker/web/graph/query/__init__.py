"""The query of a list: $filter, $select, $top, $orderby, $expand, $count, $search and $skiptoken.

Owns: the grammar, the closed list of properties of each resource, the sealed page tokens.
Does not know: SQL, permissions, HTTP; a resource's own values.
Offers: `read_list`, `read_entity`, `read_count`, `read_delta`, `refuse_all`, `SkipTokens`, and the resources.
"""

from broker.web.graph.query.options import (
    DELTATOKEN,
    SKIPTOKEN,
    EntityRequest,
    ListRequest,
    read_count,
    read_delta,
    read_entity,
    read_list,
    refuse_all,
)
from broker.web.graph.query.paging import Key, SkipTokens
from broker.web.graph.query.properties import Resource

__all__ = [
    "DELTATOKEN",
    "SKIPTOKEN",
    "EntityRequest",
    "Key",
    "ListRequest",
    "Resource",
    "SkipTokens",
    "read_count",
    "read_delta",
    "read_entity",
    "read_list",
    "refuse_all",
]
