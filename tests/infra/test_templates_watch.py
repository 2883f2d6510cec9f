"""Who is told: every alarm reaches ops by e-mail, and has a page of the runbook."""

import json
import re
from typing import Any

import pytest

from infra.parameters import CONNECTIONS_PER_UNIT
from infra.stages import PROJECT
from tests.infra.evaluation import STAGES, TEMPLATES, of_type, resources_in

METRICS = {
    "ColdStarts",
    "Errors",
    "Timeouts",
    "QueueAge",
    "DeadJobs",
    "RendersDone",
    "RendersFailed",
    "MailsAccepted",
    "MailsFailed",
    "Ticks",
}
TOPIC = {"Ref": "AlarmTopic"}


def alarms(stage: str = "production") -> dict[str, Any]:
    """By what comes after `giftflick-{stage}-`."""
    found = of_type(resources_in("watch", stage), "CloudWatch::Alarm").values()
    return {alarm["AlarmName"]["Fn::Sub"].removeprefix("giftflick-${Stage}-"): alarm for alarm in found}


def test_each_alarm_has_a_page_of_the_runbook_and_each_page_an_alarm() -> None:
    pages = {page.stem for page in (PROJECT / "docs" / "runbook").glob("*.md")} - {"README"}

    assert pages == alarms().keys()


def test_the_alarms_are_these() -> None:
    assert sorted(alarms()) == [
        "authorizer-errors",
        "database-connections",
        "database-load",
        "dead-jobs",
        "function-errors",
        "function-throttles",
        "key-table-throttles",
        "mail-failures",
        "no-ticks",
        "queue-age",
        "render-failures",
        "server-errors",
        "slow-answers",
        "timeouts",
    ]


@pytest.mark.parametrize("stage", STAGES)
def test_every_alarm_goes_to_the_topic_and_from_there_to_ops_by_email(stage: str) -> None:
    [subscription] = of_type(resources_in("watch", stage), "SNS::Subscription").values()

    for alarm in alarms(stage).values():
        assert (alarm["AlarmActions"], alarm["OKActions"]) == ([TOPIC], [TOPIC])
    assert subscription == {"TopicArn": TOPIC, "Protocol": "email", "Endpoint": {"Ref": "OpsEmail"}}
    assert TEMPLATES["watch"]["Parameters"]["OpsEmail"]["Type"] == "AWS::SSM::Parameter::Value<String>"


def test_cloudwatch_and_budgets_may_publish_to_the_encrypted_topic() -> None:
    """AWS's own key for SNS lets neither of them."""
    resources = resources_in("watch", "dev")
    services = {"Service": ["cloudwatch.amazonaws.com", "budgets.amazonaws.com"]}
    [publish] = resources["AlarmTopicPolicy"]["Properties"]["PolicyDocument"]["Statement"]
    key = resources["AlarmKey"]["Properties"]
    encrypt = key["KeyPolicy"]["Statement"][1]

    assert (key["EnableKeyRotation"], key["PendingWindowInDays"]) == (True, 7)
    assert resources["AlarmTopic"]["Properties"]["KmsMasterKeyId"] == {"Fn::GetAtt": ["AlarmKey", "Arn"]}
    assert (publish["Principal"], publish["Action"], publish["Resource"]) == (services, "sns:Publish", TOPIC)
    assert (encrypt["Principal"], encrypt["Action"]) == (services, ["kms:Decrypt", "kms:GenerateDataKey*"])


@pytest.mark.parametrize("stage", STAGES)
def test_silence_is_an_alarm_for_the_tick_alone_and_not_in_dev(stage: str) -> None:
    missing = {name: alarm["TreatMissingData"] for name, alarm in alarms(stage).items()}

    assert {name for name, treated in missing.items() if treated != "notBreaching"} == (
        {"no-ticks"} if stage != "dev" else set()
    )
    assert ("no-ticks" in missing) is (stage != "dev")


def test_each_alarm_says_what_is_wrong_and_where_help_is() -> None:
    for name, alarm in alarms().items():
        said, _, page = alarm["AlarmDescription"].rpartition(" See ")
        assert len(said) > 30
        assert page == f"docs/runbook/{name}.md."


def test_the_oldest_job_may_wait_five_minutes() -> None:
    alarm = alarms()["queue-age"]

    assert (alarm["MetricName"], alarm["Threshold"], alarm["ComparisonOperator"]) == (
        "QueueAge",
        300,
        "GreaterThanThreshold",
    )


def test_connections_are_measured_against_what_the_capacity_from_ssm_allows() -> None:
    share = alarms()["database-connections"]["Metrics"][0]

    assert share["Expression"] == {
        "Fn::Sub": f"100 * connections / ({CONNECTIONS_PER_UNIT} * ${{DatabaseMaxCapacity}})"
    }


def test_our_own_metrics_are_those_that_the_code_reports() -> None:
    dashboard = TEMPLATES["watch"]["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"]
    shown = set(re.findall(r'\["Giftflick", "(\w+)", "Stage", "\$\{Stage\}"', dashboard))
    alarming = {
        alarm["MetricName"]: alarm["Dimensions"] for alarm in alarms().values() if alarm.get("Namespace") == "Giftflick"
    }

    assert shown == METRICS - {"Errors"}
    assert alarming.keys() == {"Timeouts", "QueueAge", "DeadJobs", "RendersFailed", "MailsFailed", "Ticks"}
    assert all(dimensions == [{"Name": "Stage", "Value": "production"}] for dimensions in alarming.values())


def test_the_dashboard_is_json_without_two_widgets_in_one_place() -> None:
    body = json.loads(TEMPLATES["watch"]["Resources"]["Dashboard"]["Properties"]["DashboardBody"]["Fn::Sub"])
    places = [(widget["x"], widget["y"]) for widget in body["widgets"]]

    assert len(places) == len(set(places)) == 9


@pytest.mark.parametrize(("stage", "amount"), [("dev", "50"), ("staging", "100"), ("production", "500")])
def test_ops_is_told_before_the_budget_is_spent(stage: str, amount: str) -> None:
    [budget] = of_type(resources_in("watch", stage), "Budgets::Budget").values()
    told = [
        (one["Notification"]["NotificationType"], one["Notification"]["Threshold"], one["Subscribers"])
        for one in budget["NotificationsWithSubscribers"]
    ]

    assert budget["Budget"]["BudgetLimit"] == {"Amount": amount, "Unit": "USD"}
    topic = [{"SubscriptionType": "SNS", "Address": TOPIC}]
    assert told == [("ACTUAL", 80, topic), ("ACTUAL", 100, topic), ("FORECASTED", 100, topic)]
