"""The policy with everything in it parses, and survives the way through JSON."""

import json

from journey_schemas.policy import Policy
from journey_schemas.written import body_of
from journey_schemas.yaml_source import read

WHOLE = b"""
time_zone: Europe/Berlin
channel_order: [push, email, sms]
categories:
  reminder: {consent: not_refused, caps: true, quiet: hold, may_ignore_quiet: true, guarantee: at_most_once, life: 24h}
topics:
  offers: {channels: [email, sms, push], consent: opt_in}
senders:
  email: {default: {from: "Shop <hello@shop.example>", postal_address: "Shop, 1 Road, Town"}}
caps:
  - {name: daily, channels: [email, sms, push], categories: [marketing], limit: 3, per: day}
  - {name: offers, topics: [offers], limit: 5, per: 7d, over: hold}
  - {name: sms-offers, channels: [sms], topics: [offers], limit: 1, per: week, instead_of: [daily]}
quiet_hours: [{channels: [sms, push], from: "22:00", to: "08:00"}]
calling_windows: [{country: US, region: TX, days: [sun], from: "12:00", to: "21:00"}]
global_holdout: {percent: 5, salt: "1"}
tracking: {opens: individual, clicks: individual}
soft_bounces: {count: 3, within: 30d, pause: 30d}
reply_text: false
"""


def test_a_whole_policy_is_the_same_from_file_and_definition() -> None:
    source, problems = read(WHOLE, "policy.yaml")
    assert source is not None
    assert problems == []
    policy = Policy.model_validate(source.root.value)
    assert Policy.model_validate(json.loads(json.dumps(body_of(policy)))) == policy
    assert [cap.per for cap in policy.caps][::2] == ["day", "week"]


def test_no_policy_holds_nobody_out() -> None:
    assert Policy().global_holdout.percent == 0
