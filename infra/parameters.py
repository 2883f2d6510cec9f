"""What people choose for a stage: its inputs in SSM, `/giftflick/{stage}/{name}`, with defaults and rules."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from infra.stages import DeployError, Stage

NONE: Final = "-"  # SSM keeps no empty value

# What Aurora allows: `max_connections` follows the greatest capacity, but stops at 2,000 while the least is below one
# unit, and at 5,000 in any case. infra/watch.yaml reckons with the same 180 a unit.
CONNECTIONS_PER_UNIT: Final = 180
CONNECTIONS_BELOW_ONE_UNIT: Final = 2000
CONNECTIONS_AT_MOST: Final = 5000
# A function that works through the job table has a connection for each job under way, besides its own.
CONNECTIONS_PER_FUNCTION: Final = 17

ORIGIN = r"https?://[a-z0-9.-]+(:\d+)?"
ADDRESS = r"[^\s@<>,;]+@[^\s@<>,;]+\.[^\s@<>,;]+"
CERTIFICATE = r":\d{12}:certificate/[0-9a-f-]{36}"


@dataclass(frozen=True)
class Parameter:
    """`example` is shown to whoever got it wrong. Without a default for a stage it is required there."""

    description: str
    pattern: str
    example: str
    defaults: Mapping[str, str]


def _everywhere(value: str) -> dict[str, str]:
    return dict.fromkeys(("dev", "staging", "production"), value)


def _by_stage(dev: str, staging: str, production: str) -> dict[str, str]:
    return {"dev": dev, "staging": staging, "production": production}


PARAMETERS: Final[dict[str, Parameter]] = {
    "alias-domain": Parameter(
        "the domain at which the site is",
        r"(?=.{4,253}\Z)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}",
        "gifts.example.com",
        {},
    ),
    "certificate-arn": Parameter(
        "the domain's certificate in us-east-1, where CloudFront looks for it",
        rf"arn:aws:acm:us-east-1{CERTIFICATE}",
        "arn:aws:acm:us-east-1:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef",
        {},
    ),
    "regional-certificate-arn": Parameter(
        "the domain's certificate in the stage's region, for the HTTP API",
        rf"arn:aws:acm:[a-z0-9-]+{CERTIFICATE}",
        "arn:aws:acm:ap-southeast-2:123456789012:certificate/01234567-89ab-cdef-0123-456789abcdef",
        {},
    ),
    "hosted-zone-id": Parameter(
        "the Route 53 zone that gets the domain's records; - if DNS is elsewhere",
        r"-|Z[A-Z0-9]{3,31}",
        "Z0123456789ABCDEFGHIJ",
        _everywhere(NONE),
    ),
    "ops-email": Parameter("who is told of alarms", ADDRESS, "ops@example.com", {}),
    "mail-from": Parameter(
        "the sender of every mail, verified with SendGrid",
        rf"{ADDRESS}|[^<>\r\n]+ <{ADDRESS}>",
        "Giftflick <gifts@example.com>",
        {},
    ),
    "base-url": Parameter(
        "the site's public origin; - for https:// and the alias domain",
        rf"-|{ORIGIN}",
        "https://gifts.example.com",
        _everywhere(NONE),
    ),
    "database-min-capacity": Parameter(
        "the least that the database has, in Aurora capacity units; with 0 it sleeps when nobody is connected",
        r"0|0\.5|[1-9]\d?(\.5)?",
        "0.5",
        _by_stage("0", "0.5", "0.5"),
    ),
    "database-max-capacity": Parameter(
        "the most that the database may have, in Aurora capacity units",
        r"[1-9]\d?(\.5)?",
        "8",
        _by_stage("1", "2", "8"),
    ),
    "reserved-concurrency": Parameter(
        "how many of the site's functions may run at once", r"[1-9]\d{0,3}", "50", _by_stage("5", "10", "50")
    ),
    "monthly-budget": Parameter(
        "in USD; ops is told at 80 and 100 per cent", r"[1-9]\d{0,6}", "500", _by_stage("50", "100", "500")
    ),
    "renderer-url": Parameter(
        "where the renderer's API is", ORIGIN, "https://api.shotstack.io", _everywhere("https://api.shotstack.io")
    ),
    "sendgrid-url": Parameter(
        "where SendGrid's API is", ORIGIN, "https://api.sendgrid.com", _everywhere("https://api.sendgrid.com")
    ),
    "secrets-extension": Parameter(
        "the version's ARN of AWS's Parameters and Secrets layer; - and the function asks Secrets Manager itself",
        r"-|arn:aws:lambda:[a-z0-9-]+:\d{12}:layer:[\w-]+:\d+",
        "arn:aws:lambda:ap-southeast-2:123456789012:layer:AWS-Parameters-and-Secrets-Lambda-Extension:1",
        _everywhere(NONE),
    ),
}
# Which the deploy writes, and nobody else.
WRITTEN: Final[dict[str, Parameter]] = {
    "media-public-keys": Parameter(
        "the CloudFront public keys that verify media's signed URLs", r"[A-Z0-9]+(,[A-Z0-9]+)*", "K2JCJMDEHXQW5F", {}
    ),
}


def completed(stage: Stage, given: Mapping[str, str]) -> dict[str, str]:
    """What was given, and the stage's defaults for the rest; what is required may still be missing."""
    defaults = {name: one.defaults[stage.name] for name, one in PARAMETERS.items() if stage.name in one.defaults}
    return {**defaults, **given}


def missing(values: Mapping[str, str]) -> list[str]:
    """The names of those that have no value."""
    return [name for name in PARAMETERS if name not in values]


def problems(stage: Stage, values: Mapping[str, str]) -> list[str]:
    """What is wrong with those values that are there, each in a few words that name the parameter."""
    unknown = [f"there is no parameter {name}" for name in values if name not in PARAMETERS and name not in WRITTEN]
    malformed = {
        name: f"{name} ({one.description}) looks like {one.example}"
        for name, one in (PARAMETERS | WRITTEN).items()
        if name in values and not re.fullmatch(one.pattern, values[name])
    }
    if unknown or malformed:
        return [*unknown, *malformed.values()]
    return [*_misplaced(stage, values), *_too_small_a_database(values)]


def validate(stage: Stage, given: Mapping[str, str]) -> dict[str, str]:
    """All of the stage's parameters, defaults included. Raises DeployError that names everything wrong or missing."""
    values = completed(stage, given)
    wrong = problems(stage, values)
    if lacking := missing(values):
        wrong.append(f"missing: {', '.join(lacking)}")
    if wrong:
        raise DeployError(f'{"; ".join(wrong)}. Set it with `make configure STAGE={stage.name} SET="name=value"`')
    return values


def _misplaced(stage: Stage, values: Mapping[str, str]) -> list[str]:
    certificate = values.get("regional-certificate-arn")
    if certificate is None or certificate.split(":")[3] == stage.region:
        return []
    return [f"regional-certificate-arn must be in {stage.region}, where the HTTP API is"]


def _too_small_a_database(values: Mapping[str, str]) -> list[str]:
    """Nothing can be said as long as one of the three is missing."""
    names = ("database-min-capacity", "database-max-capacity", "reserved-concurrency")
    if not all(name in values for name in names):
        return []
    least, most, functions = (float(values[name]) for name in names)
    if least > most:
        return ["database-max-capacity must not be below database-min-capacity"]
    limit = CONNECTIONS_BELOW_ONE_UNIT if least < 1 else CONNECTIONS_AT_MOST
    if most * CONNECTIONS_PER_UNIT > limit:
        units = limit // CONNECTIONS_PER_UNIT
        beyond = " while database-min-capacity is below 1" if least < 1 else ""
        return [
            f"database-max-capacity above {units} gives no more connections than {limit}{beyond}: take at most {units}"
        ]
    allowed = int(most * CONNECTIONS_PER_UNIT) // CONNECTIONS_PER_FUNCTION
    if functions > allowed:
        return [
            f"reserved-concurrency must be at most {allowed}: database-max-capacity {values[names[1]]} allows no more"
        ]
    return []
