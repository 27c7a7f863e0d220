"""What cannot be run yet is refused by name with its place, and never passed over in silence."""

from collections.abc import Callable

import pytest

from journey_schemas import supported
from journey_schemas.project import Project

Write = Callable[..., Project]


def top(line: str) -> str:
    return f"journey: a\n{line}\nstages: {{stage: x}}\n"


def steps(text: str) -> str:
    return f"journey: a\nstages: {{stage: x, steps: {text}}}\n"


def enter_if(condition: str) -> str:
    return top(f"enter: {{event: Order Completed, if: {{{condition}}}}}")


def update(value: str) -> str:
    return steps(f"{{update: {{t: {value}}}}}")


EVENT = "event: Order Completed"

CASES: dict[str, tuple[str, str]] = {
    "key": (top("key: $event.order_id"), "2:1: `key`"),
    "max_per": (top("max_per: {1d: 1}"), "2:1: `max_per`"),
    "holdout": (top("holdout: 10%"), "2:1: `holdout`"),
    "rollout": (top("rollout: shadow"), "2:1: `rollout`"),
    "migrate": (top("migrate: {y: x}"), "2:1: `migrate`"),
    "historical": (top("historical: true"), "2:1: `historical`"),
    "paused": (top("status: paused"), "2:9: `status: paused`"),
    "ended": (top("status: ended"), "2:9: `status: ended`"),
    "winner": (top("on_merge: winner"), "2:11: `on_merge: winner`"),
    "exit on merge": (top("on_merge: exit"), "2:11: `on_merge: exit`"),
    "max_age": (top(f"enter: {{{EVENT}, max_age: 1d}}"), "2:33: `max_age`"),
    "existing": (top("enter: {when: always, existing: true}"), "2:23: `existing`"),
    "each": (top(f"enter: {{{EVENT}, each: products}}"), "2:33: `each`"),
    "feedback": (
        top("enter: {message: hello, outcome: clicked}"),
        "2:9: entry by feedback on a message",
    ),
    "date": (top("enter: {date: $profile.birthday, every: year}"), "2:8: entry by a time"),
    "schedule": (top("enter: {schedule: FREQ=DAILY}"), "2:9: `schedule`"),
    "local exit": (top('exit: {for: 1d, time: "10:00", reason: r}'), "2:17: `time` in a time"),
    "if of a time": (top("exit: {for: 1d, if: always, reason: r}"), "2:17: `if` beside a time"),
    "objective by time": (top("objective: {for: 3d}"), "2:12: a time as an objective"),
    "task trigger": (
        top("exit: {task: care, outcome: callback, reason: r}"),
        "2:8: `task` as a trigger or in a condition",
    ),
    "item": (enter_if("item: {refill: true}"), "2:38: the condition `item`"),
    "sum": (enter_if(f"sum: {{{EVENT}, of: total, at_least: 1}}"), "2:38: the condition `sum`"),
    "average": (enter_if(f"average: {{{EVENT}, of: total, at_least: 1}}"), "2:38: the condition `average`"),
    "smallest": (enter_if(f"smallest: {{{EVENT}, of: total, at_least: 1}}"), "2:38: the condition `smallest`"),
    "largest": (enter_if(f"largest: {{{EVENT}, of: total, at_least: 1}}"), "2:38: the condition `largest`"),
    "distinct": (enter_if(f"distinct: {{{EVENT}, of: total, at_least: 1}}"), "2:38: the condition `distinct`"),
    "last": (enter_if(f"last: {{{EVENT}, where: {{paid: true}}}}"), "2:38: the condition `last`"),
    "first": (enter_if(f"first: {{{EVENT}, where: {{paid: true}}}}"), "2:38: the condition `first`"),
    "sequence": (enter_if(f"sequence: {{of: [{{{EVENT}}}, {{{EVENT}}}]}}"), "2:38: the condition `sequence`"),
    "came_from": (enter_if("came_from: x"), "2:38: the condition `came_from`"),
    "reached": (enter_if("reached: {stage: x}"), "2:38: the condition `reached`"),
    "subscribed": (enter_if("subscribed: {topic: offers}"), "2:38: the condition `subscribed`"),
    "reachable": (enter_if("reachable: email"), "2:38: the condition `reachable`"),
    "since a date": (enter_if(f"did: {{{EVENT}, since: 2026-01-31}}"), "2:68: `since` with a date"),
    "within_last": (
        enter_if("profile: {birthday: {within_last: 3d}}"),
        "2:59: the comparison `within_last`",
    ),
    "within_next": (
        enter_if("profile: {birthday: {within_next: 3d}}"),
        "2:59: the comparison `within_next`",
    ),
    "key path": (enter_if("profile: {a: $instance.key}"), "2:51: the path $instance.key"),
    "item path": (update("$item.sku"), "2:40: the path $item.sku"),
    "experiment": (
        steps("{experiment: e, variants: {variant: v, share: 1%, then: {exit: r}}}"),
        "2:28: the step `experiment`",
    ),
    "emit": (steps(f"{{emit: {{{EVENT}}}}}"), "2:28: the step `emit`"),
    "task": (steps("{task: {queue: q, title: t}}"), "2:28: the step `task`"),
    "start": (steps("{start: a}"), "2:28: the step `start`"),
    "wait until a time": (steps('{wait: {time: "10:00"}}'), "2:35: `time` in a time"),
    "wait for days": (steps("{wait: {for: 1d, days: weekdays}}"), "2:44: `days` in a time"),
    "wait in a zone": (steps("{wait: {for: 1d, zone: Europe/Berlin}}"), "2:44: `zone` in a time"),
    "wait for a date": (steps("{wait: {date: 2026-12-24}}"), "2:35: `date` in a time"),
    "wait_for a time": (
        steps("{wait_for: {for: 1d}, up_to: 2d}"),
        "2:38: a time as a trigger of `wait_for`",
    ),
    "up_to a date": (
        steps(f"{{wait_for: {{{EVENT}}}, up_to: {{date: $profile.d}}}}"),
        "2:72: `date` in a time",
    ),
    "send at a time": (steps("{send: {message: hello, time: best_hour}}"), "2:51: `time` of a send"),
    "send of a category": (steps("{send: {message: hello, category: service}}"), "2:51: `category` of a send"),
    "send of a topic": (steps("{send: {message: hello, topic: offers}}"), "2:51: `topic` of a send"),
    "send with priority": (steps("{send: {message: hello, priority: 3}}"), "2:51: `priority` of a send"),
    "send quietly": (steps("{send: {message: hello, quiet: drop}}"), "2:51: `quiet` of a send"),
    "send that is kept": (steps("{send: {message: hello, keep: true}}"), "2:51: `keep` of a send"),
    "send by push": (steps("{send: {message: hello, channels: [email, push]}}"), "2:69: the channel push"),
    "aggregate": (update(f"{{count: {{{EVENT}}}}}"), "2:40: an aggregate as a value"),
    "condition": (update(f"{{did: {{{EVENT}}}}}"), "2:40: a condition as a value"),
    "list": (update("[a, b]"), "2:40: a list as a value"),
    "aggregate in with": (
        steps(f"{{send: {{message: hello, with: {{n: {{count: {{{EVENT}}}}}}}}}}}"),
        "2:61: an aggregate as a value",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_construct_that_cannot_be_run_is_refused_by_name(project: Write, case: str) -> None:
    text, expected = CASES[case]
    loaded = project({}, a=text)
    assert loaded.problems == []
    assert [str(problem) for problem in supported.problems(loaded)] == [
        f"a.journey.yaml:{expected} is not supported yet"
    ]


FILES: dict[str, tuple[str, str, str]] = {
    "sms": ("b.message.yaml", "message: b\ncategory: service\nchannels: {sms: {text: t}}\n", "3:12: the channel sms"),
    "trait": ("traits.yaml", f"n: {{count: {{{EVENT}}}}}\n", "1:4: a computed trait"),
    "segment": ("segments.yaml", "s: {reachable: sms}\n", "1:5: the condition `reachable`"),
    "categories": ("policy.yaml", "categories: {reminder: {consent: not_refused}}\n", "1:1: `categories`"),
    "caps": ("policy.yaml", "caps: {name: a, limit: 1, per: day}\n", "1:1: `caps`"),
    "quiet hours": ("policy.yaml", 'quiet_hours: {from: "22:00", to: "08:00"}\n', "1:1: `quiet_hours`"),
    "calling windows": (
        "policy.yaml",
        'calling_windows: {country: US, from: "12:00", to: "21:00"}\n',
        "1:1: `calling_windows`",
    ),
    "holdout": ("policy.yaml", "global_holdout: {percent: 5}\n", "1:1: `global_holdout`"),
    "soft bounces": ("policy.yaml", "soft_bounces: {count: 3, within: 30d, pause: 30d}\n", "1:1: `soft_bounces`"),
    "reply text": ("policy.yaml", "reply_text: true\n", "1:1: `reply_text`"),
    "double opt-in": ("policy.yaml", "topics: {a: {consent: double_opt_in}}\n", "1:23: `double_opt_in`"),
}


@pytest.mark.parametrize("case", FILES)
def test_so_it_is_in_other_files(project: Write, case: str) -> None:
    file, text, expected = FILES[case]
    loaded = project({file: text})
    assert loaded.problems == []
    assert [str(problem) for problem in supported.problems(loaded)] == [f"{file}:{expected} is not supported yet"]


RUNNABLE = """
journey: a
title: All that can be run
owner: crm
priority: 60
status: closed
objective: {reach: z, within: 30d, target: 12%}
enter:
  - {event: Order Completed, where: {total: {at_least: 10}}, if: {not: {segment: s}}}
  - {when: {did: {event: Order Completed, within: 365d, exactly: 1}}}
reenter: 180d
exit:
  - {event: Account Closed, reason: closed}
  - {when: {did_not: {event: Order Completed, within: 90d}}, reason: gone}
  - {for: 90d, reason: over}
on_merge: furthest
stages:
  - stage: x
    phase: awareness
    map: {touchpoints: [Order Completed], pains: [none], owner: crm}
    steps:
      - send: {message: hello, with: {a: $entry.total, b: 3}, channels: [email, webhook]}
      - wait: 4d
      - wait: {for: 5d, since: entry}
      - wait_for:
          - {event: Order Completed, then: {goto: y}}
          - {message: hello, outcome: [opened, clicked], then: {update: {interested: true}}}
          - {when: {inside: {journey: a, stage: z}}}
        up_to: 7d
        else: {exit: no order}
      - branch:
          - if: {any: [{profile: {a: 1}}, {event: {total: {less_than: 3}}}, {entry: {paid: true}}]}
            then: {send: hello}
        else: {goto: y}
  - stage: y
    when: {all: [always, {did: {message: hello, outcome: clicked, since: stage}}]}
    from: [entry, x]
  - stage: z
    when: {did: {event: Order Completed, since: entry}}
    final: true
"""


def test_what_can_be_run_is_let_through(project: Write) -> None:
    segments = "s: {did: {event: Order Completed, at_least: 2}}\n"
    policy = (
        "time_zone: Europe/Berlin\nchannel_order: [email, webhook]\ntopics: {offers: {consent: opt_out}}\n"
        "tracking: {opens: off, clicks: individual}\nglobal_holdout: {percent: 0}\n"
    )
    loaded = project({"segments.yaml": segments, "policy.yaml": policy}, a=RUNNABLE)
    assert loaded.problems == []
    assert [str(problem) for problem in supported.problems(loaded)] == []
