"""What CircleCI does with a push: everything is checked, staging follows main, production waits for a person."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.stages import stage_called

ROOT = Path(__file__).resolve().parent.parent
FILE = ROOT / ".circleci" / "config.yml"
SCHEMA_CHECK = [str(ROOT / ".venv" / "bin" / "check-jsonschema"), "--builtin-schema", "vendor.circle-ci"]
GATES = {"check": "make check", "test": "make test", "package": "make package", "rehearsal": "make rehearse"}
DEPLOYMENTS = {"deploy-staging": "staging", "deploy-production": "production"}
ONLY_MAIN = {"branches": {"only": "main"}}


@pytest.fixture(scope="module")
def config() -> dict[str, Any]:
    return yaml.safe_load(FILE.read_text())  # type: ignore[no-any-return]


@pytest.fixture(scope="module")
def flow(config: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The workflow's jobs by name, with what each waits for."""
    assert list(config["workflows"]) == ["release"]
    named: dict[str, dict[str, Any]] = {}
    for entry in config["workflows"]["release"]["jobs"]:
        name, options = (entry, {}) if isinstance(entry, str) else next(iter(entry.items()))
        named[options.get("name", name)] = {"job": name, **options}
    return named


def commands_of(steps: list[Any]) -> Iterator[str]:
    for step in steps:
        if isinstance(step, dict) and "run" in step:
            yield step["run"] if isinstance(step["run"], str) else step["run"]["command"]


def jobs_commands(config: dict[str, Any]) -> dict[str, list[str]]:
    return {name: list(commands_of(job["steps"])) for name, job in config["jobs"].items()}


def targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def test_every_push_runs_the_four_gates(flow: dict[str, dict[str, Any]]) -> None:
    assert flow.keys() - DEPLOYMENTS - {"approve-production"} == GATES.keys()
    for gate in GATES:
        assert flow[gate] == {"job": gate}, "no filter, nothing to wait for"


@pytest.mark.parametrize("gate", GATES)
def test_a_gate_runs_its_target(gate: str, config: dict[str, Any]) -> None:
    assert [command.split(" ARGS=")[0] for command in jobs_commands(config)[gate]] == [GATES[gate]]


def test_staging_follows_main_once_all_gates_are_passed(flow: dict[str, dict[str, Any]]) -> None:
    staging = flow["deploy-staging"]

    assert staging["job"] == "deploy"
    assert sorted(staging["requires"]) == sorted(GATES)
    assert staging["filters"] == ONLY_MAIN


def test_production_waits_for_staging_and_a_person(flow: dict[str, dict[str, Any]]) -> None:
    assert flow["approve-production"] == {
        "job": "approve-production",
        "type": "approval",
        "requires": ["deploy-staging"],
        "filters": ONLY_MAIN,
    }
    assert flow["deploy-production"]["requires"] == ["approve-production"]
    assert flow["deploy-production"]["filters"] == ONLY_MAIN


@pytest.mark.parametrize(("name", "stage"), DEPLOYMENTS.items())
def test_a_deployment_has_a_stage_context_and_queue_of_its_own(
    name: str, stage: str, flow: dict[str, dict[str, Any]]
) -> None:
    deployment = flow[name]

    assert (deployment["stage"], deployment["context"]) == (stage, f"giftflick-{stage}")
    assert deployment["serial-group"] == f"giftflick/{stage}"


def test_a_deployment_becomes_the_role_deploys_and_looks_at_the_version(config: dict[str, Any]) -> None:
    steps = config["jobs"]["deploy"]["steps"]

    assert list(commands_of(steps)) == [
        "make deploy STAGE=<< parameters.stage >>",
        "make version STAGE=<< parameters.stage >>",
    ]
    assert "run" in steps[-1], "nothing comes after the look at the version"
    assert steps.index("become-deployer") < len(steps) - 2


def test_only_targets_that_exist_are_made(config: dict[str, Any]) -> None:
    commands = [command for job in jobs_commands(config).values() for command in job]
    prepare = list(commands_of(config["commands"]["prepare"]["steps"]))

    for command in commands + prepare:
        assert re.fullmatch(r"make [a-z-]+( [A-Z]+=\S+| [A-Z]+=<< \S+ >>)*", command), command
        assert command.split()[1] in targets(), command


def test_the_role_is_assumed_by_a_token_in_a_private_file(config: dict[str, Any], tmp_path: Path) -> None:
    """The step itself, run by a shell as CircleCI does."""
    [command] = commands_of(config["commands"]["become-deployer"]["steps"])
    exports = tmp_path / "bash_env"
    variables = {
        "PATH": "/usr/bin:/bin",
        "TMPDIR": str(tmp_path),
        "BASH_ENV": str(exports),
        "CIRCLE_BUILD_NUM": "7",
        "CIRCLE_OIDC_TOKEN_V2": "a.made-up.token",
        "AWS_ROLE_ARN": "arn:aws:iam::123456789012:role/giftflick-ci-staging",
    }
    exports.touch()

    done = subprocess.run(
        ["/bin/bash", "-eo", "pipefail", "-c", command], env=variables, capture_output=True, check=True
    )

    exported = dict(line.removeprefix("export ").split("=", 1) for line in exports.read_text().splitlines())
    token = Path(exported["AWS_WEB_IDENTITY_TOKEN_FILE"])
    assert token.read_text() == "a.made-up.token"
    assert token.stat().st_mode & 0o777 == 0o600
    assert exported["AWS_ROLE_SESSION_NAME"] == "circleci-7"
    assert done.stdout + done.stderr == b""


@pytest.mark.parametrize("missing", ["CIRCLE_OIDC_TOKEN_V2", "AWS_ROLE_ARN"])
def test_a_deployment_without_token_or_role_stops_and_says_which(missing: str, config: dict[str, Any]) -> None:
    [command] = commands_of(config["commands"]["become-deployer"]["steps"])
    variables = {"PATH": "/usr/bin:/bin", "BASH_ENV": "/dev/null", "CIRCLE_OIDC_TOKEN_V2": "t", "AWS_ROLE_ARN": "r"}
    del variables[missing]

    done = subprocess.run(
        ["/bin/bash", "-eo", "pipefail", "-c", command], env=variables, capture_output=True, text=True, check=False
    )

    assert done.returncode != 0
    assert missing in done.stderr


def test_no_key_no_account_and_no_foreign_code_stands_in_it(config: dict[str, Any]) -> None:
    text = FILE.read_text()

    assert not re.search(r"AKIA|ASIA|AWS_ACCESS_KEY|AWS_SECRET|\d{12}|SECRET_KEY|gf_live|SG\.", text)
    assert "orbs" not in config


def test_ci_runs_the_python_of_the_function(config: dict[str, Any]) -> None:
    version = stage_called("production").runtime.removeprefix("python")

    assert config["executors"]["python"]["docker"] == [{"image": f"python:{version}-bookworm"}]
    assert {job["executor"] for job in config["jobs"].values()} == {"python"}


def test_wheels_are_kept_until_the_pins_change(config: dict[str, Any]) -> None:
    [saved] = [step["save_cache"] for step in config["commands"]["prepare"]["steps"] if "save_cache" in step]

    assert saved["paths"] == ["~/.cache/pip"]
    for pins in ("requirements.txt", "requirements-dev.txt"):
        assert f'checksum "{pins}"' in saved["key"]


def test_circleci_is_told_which_tests_failed(config: dict[str, Any]) -> None:
    [command] = jobs_commands(config)["test"]
    stored = [step["store_test_results"] for step in config["jobs"]["test"]["steps"] if "store_test_results" in step]

    assert command == f"make test ARGS=--junit-xml={stored[0]['path']}/pytest.xml"


def test_the_schema_of_circleci_is_kept_and_make_check_looks(tmp_path: Path) -> None:
    spoilt = tmp_path / "config.yml"
    spoilt.write_text(FILE.read_text().replace("executor:", "executer:"))

    assert subprocess.run([*SCHEMA_CHECK, str(FILE)], capture_output=True, check=False).returncode == 0
    assert subprocess.run([*SCHEMA_CHECK, str(spoilt)], capture_output=True, check=False).returncode == 1
    assert (
        "check-jsonschema --quiet --builtin-schema vendor.circle-ci .circleci/config.yml"
        in (ROOT / "Makefile").read_text()
    )
