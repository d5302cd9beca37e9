"""Who may do what: administrators, the roles of broker.yaml, and the owners of applications and groups.

Owns: the one table of rights (`acts.py`), the permissions of applications (`permissions.py`), and the answer to "may this actor do that" (`rights.py`, `staff.py`).
Does not know: what an act does: each use case asks here first, then acts.
Offers: `Right`, `Role`, `Rights`, `rights_of`, `require`, and the questions about members of staff.
"""

from broker.services.authorization.acts import MAY, OWN_APPLICATION, OWN_GROUP, Right, Role
from broker.services.authorization.permissions import CHANGE_SELF, PERMITS, READ_SELF, permitted
from broker.services.authorization.rights import (
    Rights,
    check_invite,
    over_application,
    over_guest,
    require,
    require_everywhere,
    rights_of,
    rights_of_person,
    rights_of_staff,
    scope_of,
)
from broker.services.authorization.staff import (
    acting_person,
    administer,
    application,
    is_administrator,
    is_at_work,
    limited_to,
    owns,
)

__all__ = [
    "CHANGE_SELF",
    "MAY",
    "OWN_APPLICATION",
    "OWN_GROUP",
    "PERMITS",
    "READ_SELF",
    "Right",
    "Rights",
    "Role",
    "acting_person",
    "administer",
    "application",
    "check_invite",
    "is_administrator",
    "is_at_work",
    "limited_to",
    "over_application",
    "over_guest",
    "owns",
    "permitted",
    "require",
    "require_everywhere",
    "rights_of",
    "rights_of_person",
    "rights_of_staff",
    "scope_of",
]
