"""The types of the keys: pydantic's, with our validators and words. Lists become tuples; a bare word is never a list."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, PrivateAttr, SecretStr, ValidationInfo, WithJsonSchema

from broker.domain.claims import PROTOCOL
from broker.settings import durations, names, secrets, urls
from broker.settings.errors import Problem, Wrong

T = TypeVar("T")
LONGEST_GRACE = 300  # seconds


class Section(BaseModel):
    """A map of known keys: unknown ones refused, nothing converted, nothing changed later, no input in messages."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


class NamedFile(Section):
    """A file whose name is its id; the loader hands the name in as the context of validation."""

    _id: str = PrivateAttr("")

    def model_post_init(self, context: Any, /) -> None:
        """Takes the name from the context."""
        if isinstance(context, dict):
            self._id = context.get("id", "")

    @property
    def id(self) -> str:
        """The file's name without .yaml."""
        return self._id


def as_tuple(value: object) -> object:
    """A YAML list as a tuple. Raises Wrong for anything else: HP-8 for a bare text."""
    if not isinstance(value, list | tuple):
        raise Wrong("is not a list; write [ONE, TWO], or [] for none")
    return tuple(value)


def present(value: object) -> object:
    """Refuses a key that is written without a value, where that could be taken for `not given`."""
    if value is None:
        raise Wrong("is empty; write a value, or remove the key")
    return value


def _secret(value: object) -> object:
    if isinstance(value, SecretStr):
        return value
    problem = secrets.secret_problem(value)
    if problem is not None:
        raise Wrong(problem)
    return SecretStr(str(value))


def _staff_or_group(value: object) -> str:
    """An address, or group:NAME."""
    if isinstance(value, str) and value.startswith("group:"):
        return f"group:{names.text(value.removeprefix('group:').strip())}"
    return names.email(value)


def _scalar(value: object) -> object:
    if isinstance(value, str | bool | int):
        return value
    raise Wrong("is not a single value; write a text, a number, true or false")


def _claim_name(value: object) -> str:
    """HP-40: what only the protocol may write cannot be the target of a mapping."""
    name = names.word(value)
    if name in PROTOCOL:
        raise Wrong("is a claim that only the protocol writes; choose another name")
    return name


def _grace(value: object) -> int:
    """A duration of at most LONGEST_GRACE, or 0 for none."""
    if value in ("0", "0s") or (type(value) is int and value == 0):
        return 0
    result = durations.seconds(value)
    if result > LONGEST_GRACE:
        raise Wrong("{value} is longer than 5m; a token that somebody stole would stay good for as long", value=value)
    return result


def _version(value: object) -> object:
    return names.text(str(value) if isinstance(value, int) and not isinstance(value, bool) else value)


def all_or(each: Callable[[object], str], example: str) -> Callable[[object], object]:
    """A validator of `all`, or a list of which every item passes `each`; all bad items are reported at once."""

    def validate(value: object) -> object:
        if value == "all":
            return value
        if not isinstance(value, list | tuple):
            raise Wrong(f"is neither all nor a list; write all, or [{example}]")
        return each_of(value, each)

    return validate


def each_of(items: list[object] | tuple[object, ...], each: Callable[[object], str]) -> tuple[str, ...]:
    """Every item through `each`. Raises one Wrong with the problems of all."""
    good: list[str] = []
    problems: list[Problem] = []
    for number, item in enumerate(items):
        try:
            good.append(each(item))
        except Wrong as wrong:
            problems += [Problem(p.template, p.value, (number, *p.at)) for p in wrong.problems]
    if problems:
        raise Wrong(*problems)
    return tuple(good)


def home_of(info: ValidationInfo) -> Path | None:
    """The home, where one is known: the loader hands it in; without it no file is looked for."""
    return info.context.get("home") if isinstance(info.context, dict) else None


def remember(info: ValidationInfo, path: Path) -> None:
    """Tell the loader that the contents of this file count, so that a change of it is a change of the settings."""
    if isinstance(info.context, dict) and "read" in info.context:
        info.context["read"].add(path)


def _file(value: object, info: ValidationInfo) -> str:
    path = names.text(value)
    home = home_of(info)
    if home is not None and not (home / path).is_file():
        raise Wrong("{value} is no file; write a path that exists, relative to the home", value=path)
    return path


def _logo(value: object, info: ValidationInfo) -> str:
    """A picture inside the home: it is served to everybody, so nothing else may be named (AZ-19)."""
    path = names.text(value)
    home = home_of(info)
    if Path(path).is_absolute() or ".." in Path(path).parts or "\\" in path:
        raise Wrong("{value} leads out of the home; write a relative path as config/logos/payroll.svg", value=path)
    if Path(path).suffix.lower() not in (".svg", ".png"):
        raise Wrong("{value} is neither .svg nor .png; write a path as config/logos/payroll.svg", value=path)
    if home is not None:
        roots = (home.resolve(), (home / "config").resolve())
        if not any((home / path).resolve().is_relative_to(root) for root in roots):
            raise Wrong("{value} leads out of the home; write a relative path as config/logos/payroll.svg", value=path)
    return _file(path, info)


def _text_schema(**more: object) -> WithJsonSchema:
    return WithJsonSchema({"type": "string", **more})


Text = Annotated[str, BeforeValidator(names.text)]
Word = Annotated[str, BeforeValidator(names.word)]
ClaimName = Annotated[str, BeforeValidator(_claim_name)]
Version = Annotated[str, BeforeValidator(_version)]
Scalar = Annotated[Any, BeforeValidator(_scalar), WithJsonSchema({"type": ["string", "boolean", "integer"]})]
Duration = Annotated[int, BeforeValidator(durations.seconds), _text_schema(pattern="^[0-9]+[smhd]$")]
Grace = Annotated[
    int, BeforeValidator(_grace), WithJsonSchema({"anyOf": [{"type": "string", "pattern": "^[0-9]+[smhd]$"}, {"const": 0}]})
]
Secret = Annotated[SecretStr, BeforeValidator(_secret), _text_schema(format="password", writeOnly=True)]
Domain = Annotated[str, BeforeValidator(names.domain)]
Email = Annotated[str, BeforeValidator(names.email), _text_schema(format="email")]
StaffOrGroup = Annotated[str, BeforeValidator(_staff_or_group)]
Mailbox = Annotated[str, BeforeValidator(names.mailbox)]
HeaderName = Annotated[str, BeforeValidator(names.header_name)]
Network = Annotated[str, BeforeValidator(names.network)]
HostOrNetwork = Annotated[str, BeforeValidator(names.host_or_network)]
Issuer = Annotated[str, BeforeValidator(urls.issuer), _text_schema(format="uri")]
PartnerIssuer = Annotated[str, BeforeValidator(urls.partner_issuer), _text_schema(format="uri")]
Link = Annotated[str, BeforeValidator(urls.link), _text_schema(format="uri")]
Resource = Annotated[str, BeforeValidator(urls.resource), _text_schema(format="uri")]
Origin = Annotated[str, BeforeValidator(urls.origin), _text_schema(format="uri")]
Contact = Annotated[str, BeforeValidator(urls.contact), _text_schema(format="uri")]
Outbound = Annotated[str, BeforeValidator(urls.outbound), _text_schema(format="uri")]
File = Annotated[str, BeforeValidator(_file)]
Logo = Annotated[str, BeforeValidator(_logo)]
Listed = Annotated[tuple[T, ...], BeforeValidator(as_tuple)]
AllOrEmails = Annotated[Literal["all"] | tuple[str, ...], BeforeValidator(all_or(names.email, "ann@fabrikam.example"))]
AllOrIds = Annotated[Literal["all"] | tuple[str, ...], BeforeValidator(all_or(names.text, "payroll"))]
