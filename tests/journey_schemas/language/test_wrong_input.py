"""What is written wrong is told with file, line, column, what was expected and the nearest name; all of it at once."""

from collections.abc import Callable

import pytest

from journey_schemas.check import check
from journey_schemas.problem import has_errors
from journey_schemas.project import Project

Write = Callable[..., Project]

STAGES = "journey: a\nenter: {event: Order Completed}\nstages:\n"
HEAD = "journey: a\n{}\nstages: {{stage: x}}\n"
DURATION = "a duration is a whole number and a unit, like 90s, 10m, 4h, 3d, 2w"


def top(line: str) -> str:
    """A journey with one line of its own."""
    return HEAD.format(line)


def steps(text: str) -> str:
    """A journey with one stage and these steps."""
    return f"{STAGES}  - {{stage: x, steps: {text}}}\n"


CASES: dict[str, tuple[str, list[str]]] = {
    "event": (
        top("enter: {event: Order Complete}"),
        ['2:16: unknown event "Order Complete"; did you mean "Order Completed"? (listed in touchpoints.yaml)'],
    ),
    "feedback event": (
        top("enter: {event: Email Click}"),
        ['2:16: unknown event "Email Click"; did you mean "Email Clicked"?'],
    ),
    "far event": (top("enter: {event: Zzz}"), ['2:16: unknown event "Zzz"; list it in touchpoints.yaml']),
    "event in where": (
        top("exit: {event: Order Completed, where: {event: Order Complete}, reason: r}"),
        ['2:47: unknown event "Order Complete"; did you mean "Order Completed"? (listed in touchpoints.yaml)'],
    ),
    "message": (steps("{send: helo}"), ['4:30: unknown message "helo"; did you mean "hello"?']),
    "segment": (top("enter: {when: {segment: loyal}}"), ['2:25: unknown segment "loyal"']),
    "journey": (
        top("enter: {when: {inside: {journey: b}}}"),
        ['2:34: unknown journey "b"; there are a'],
    ),
    "stage of goto": (
        STAGES + "  - {stage: first, steps: {goto: secnd}}\n  - {stage: second, when: always}\n",
        ['4:34: unknown stage "secnd"; did you mean "second"?'],
    ),
    "stage of from": (
        STAGES + "  - {stage: first}\n  - {stage: second, when: always, from: [entry, frist]}\n",
        ['5:49: unknown stage "frist"; did you mean "first"?'],
    ),
    "stage of reach": (top("objective: {reach: z}"), ['2:20: unknown stage "z"; there are x']),
    "key of a stage": (
        STAGES + "  - {stage: x, fnal: true}\n",
        ['4:16: unknown key `fnal`; did you mean "final"?'],
    ),
    "key instead of a required one": (
        STAGES + "  - {stag: x}\n",
        ['4:6: unknown key `stag`; did you mean "stage"?'],
    ),
    "key of a journey": (top("prioritty: 3"), ['2:1: unknown key `prioritty`; did you mean "priority"?']),
    "operator": (
        top("enter: {event: Order Completed, where: {total: {atleast: 3}}}"),
        ['2:49: unknown key `atleast`; did you mean "at_least"?'],
    ),
    "condition": (
        top("enter: {when: {didnt: {event: Order Completed}}}"),
        ['2:16: unknown key `didnt`; did you mean "did_not"?'],
    ),
    "step": (steps("{sned: hello}"), ['4:24: unknown step `sned`; did you mean "send"?']),
    "two steps in one": (
        steps("{wait: 1d, exit: no}"),
        ["4:34: a step is one thing, here are two: `wait` and `exit`"],
    ),
    "no step": (
        steps("[later]"),
        [
            "4:24: a step is a map with one of send, wait, wait_for, branch, experiment, update, emit, task, start,"
            " goto, exit"
        ],
    ),
    "no up_to": (
        steps("{wait_for: {event: Order Completed}}"),
        ["4:23: `up_to` is missing: every wait_for must end"],
    ),
    "duration": (steps("{wait: 1 day}"), [f"4:30: {DURATION}"]),
    "empty duration": (steps("{wait: 0s}"), ["4:30: a duration here is longer than nothing"]),
    "endless duration": (steps("{wait: 99999w}"), ["4:30: a duration is at most 100 years"]),
    "several forms": (
        top("reenter: sometimes"),
        [f'2:10: `never` or `always` is expected here, found "sometimes"; or {DURATION}'],
    ),
    "one of few values": (
        top("status: life"),
        ['2:9: `live`, `closed`, `paused` or `ended` is expected here, found "life"; did you mean "live"?'],
    ),
    "one of many values": (
        top("exit: {message: hello, outcome: clickd, reason: r}"),
        ['2:33: unknown value, found "clickd"; did you mean "clicked"?'],
    ),
    "outcome of something else": (
        top("exit: {message: hello, outcome: voicemail, reason: r}"),
        ["2:24: `voicemail` is no outcome of a message"],
    ),
    "no outcome": (top("exit: {message: hello, reason: r}"), ["2:8: `message` needs an `outcome`"]),
    "too much": (top("priority: 101"), ["2:11: at most 100 is expected here, found 101"]),
    "text for a number": (top("priority: high"), ['2:11: a whole number is expected here, found "high"']),
    "number for a text": (top("title: 5"), ["2:8: a text is expected here, found 5"]),
    "half a count": (
        top("enter: {when: {did: {event: Order Completed, at_least: 1.5}}}"),
        ["2:56: a whole number is expected here, found 1.5"],
    ),
    "nothing after a key": (top("exit:"), ["2:1: nothing stands after `exit:`"]),
    "no reason": (top("exit: {event: Order Completed}"), ["2:7: `reason` is missing: every exit says why"]),
    "two triggers in one": (
        top("enter: {event: Order Completed, when: always}"),
        ["2:8: a trigger is one thing, here are two: something that happens and a condition (`when`)"],
    ),
    "no aim": (
        top("objective: {within: 3d}"),
        ["2:12: an objective is a stage to `reach` or a trigger, one of them"],
    ),
    "root of a path": (
        steps("{update: {a: $evnt.x}}"),
        [
            "4:36: `$evnt.x` is no path: a path is a root and a name, like $profile.city; the roots are $profile,"
            " $event, $entry, $item, $instance"
        ],
    ),
    "property": (
        top("enter: {event: Order Completed, where: {totl: 3}}"),
        ['2:41: unknown property "totl" of "Order Completed"; did you mean "total"? (listed in touchpoints.yaml)'],
    ),
    "property of an element": (
        top("enter: {event: Order Completed, where: {products.skuu: a}}"),
        [
            '2:41: unknown property "products.skuu" of "Order Completed"; did you mean "products.sku"?'
            " (listed in touchpoints.yaml)"
        ],
    ),
    "property of the entry": (
        "journey: a\nenter: {event: Order Completed}\nstages: {stage: x, when: {entry: {totl: 3}}}\n",
        ['3:35: unknown property "totl" of "Order Completed"; did you mean "total"? (listed in touchpoints.yaml)'],
    ),
    "types": (
        top(
            "enter: {event: Order Completed, where: {total: {at_least: many}, paid: {starts_with: $entry.x},"
            " product: [A, 3], at: {before: soon}}}"
        ),
        [
            '2:59: "many" does not fit the property total, which is money',
            "2:73: `starts_with` does not fit the property paid, which is boolean",
            "2:110: 3 does not fit the property product, which is text",
            '2:127: "soon" does not fit the property at, which is time',
        ],
    ),
    "shares": (
        steps("{experiment: e, variants: [{variant: a, share: 60%, then: {exit: a}}], holdout: 40.5%}"),
        ["4:49: the shares of this experiment, holdout included, add up to 100.5%, more than 100%"],
    ),
    "share without percent": (
        steps("{experiment: e, variants: [{variant: a, share: 60, then: {exit: a}}]}"),
        ["4:70: a share is a percentage from 0% to 100%, like 45%"],
    ),
    "stage twice": (
        STAGES + "  - {stage: x}\n  - {stage: x, when: always}\n",
        ['5:13: there is another stage "x", in line 4'],
    ),
    "stage named by a word": (
        STAGES + "  - {stage: entry}\n",
        ['4:13: no stage can be named "entry": the language uses this word for something else'],
    ),
    "stage that nothing leads to": (
        STAGES + "  - {stage: x}\n  - {stage: y}\n",
        ['5:13: nothing leads to the stage "y"; give it a `when`, or a `goto` in another stage'],
    ),
    "loop": (
        STAGES + "  - {stage: x, steps: {goto: y}}\n  - {stage: y, steps: [{update: {a: 1}}, {goto: x}]}\n",
        ["4:13: stages in a loop without a wait: x -> y -> x"],
    ),
    "loop of some": (
        steps("[{branch: {if: {profile: {a: 1}}, then: {goto: x}}}, {wait: 1d}]"),
        ["4:13: warning: stages may go round without a wait: x -> x; whoever does is parked as stuck"],
    ),
    "step after the end": (
        steps("[{exit: done}, {send: hello}]"),
        ["4:38: warning: this step can never run: the one before it leaves"],
    ),
    "step twice": (
        steps("[{id: s, wait: 1d}, {id: s, wait: 2d}]"),
        ['4:48: there is another step "s"'],
    ),
    "key not asked": (
        "journey: a\nenter: {event: Order Completed}\nkey: $event.order_id\nexit: {event: Order Completed, reason: r}\n"
        "stages: {stage: x}\n",
        [
            '4:15: warning: "Order Completed" carries order_id, the key, but is taken whichever it is of;'
            " add `where: {order_id: $instance.key}`"
        ],
    ),
    "no body": (
        steps("{send: {message: hello, channels: [sms, email]}}"),
        ['4:58: warning: the message "hello" has no body for sms'],
    ),
    "no body at all": (
        steps("{send: {message: hello, channels: sms}}"),
        ['4:57: the message "hello" has no body for sms'],
    ),
    "time of day": (
        steps("{wait: {time: 25:00}}"),
        ['4:37: a time of day is written like "09:30", from 00:00 to 23:59'],
    ),
    "no map": ("hello\n", ['1:1: a map is expected here, found "hello"']),
    "empty": ("# nothing\n", ["1:1: the file is empty"]),
    "tab": ("journey: a\n\tstages: x\n", ["2:1: this is no YAML: found character '\\t' that cannot start any token"]),
    "open bracket": ("journey: [a\n", ["2:1: this is no YAML: expected ',' or ']', but got '<stream end>'"]),
    "tag": ("journey: !x a\n", ["1:10: tags (`!x`) are not allowed"]),
    "anchor": ("journey: &x a\n", ["1:10: anchors (`&x`) are not allowed: write the value where it is needed"]),
    "alias": ("journey: *x\n", ["1:10: aliases (`*x`) are not allowed: write the value again"]),
    "merge": ("<<: {a: 1}\n", ["1:1: merge keys (`<<`) are not allowed"]),
    "two documents": (
        "journey: a\n---\njourney: b\n",
        ["2:1: one file holds one document: `---` begins a second one"],
    ),
    "directive": ("%YAML 1.1\n---\njourney: a\n", ["2:1: directives (`%YAML`, `%TAG`) are not allowed"]),
    "key twice": (
        "journey: a\nstages: {stage: x}\njourney: a\n",
        ["3:1: `journey` stands here twice, first in line 1"],
    ),
    "other name than the file": (
        "journey: b\nstages: {stage: x}\n",
        ['1:10: this file is named "a", its journey "b": both carry one name'],
    ),
    "all at once": (
        STAGES + "  - {stage: x, fnal: true, steps: [{send: helo}, {wait: 3d}]}\n  - {stage: y}\n",
        [
            '4:16: unknown key `fnal`; did you mean "final"?',
            '4:43: unknown message "helo"; did you mean "hello"?',
            '5:13: nothing leads to the stage "y"; give it a `when`, or a `goto` in another stage',
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_is_wrong_is_told_with_its_place(project: Write, case: str) -> None:
    text, expected = CASES[case]
    found = [str(problem) for problem in check(project({}, a=text))]
    assert found == [f"a.journey.yaml:{line}" for line in expected]


FILES: dict[str, tuple[str, str, list[str]]] = {
    "type in the catalogue": (
        "touchpoints.yaml",
        "Order Completed: {kind: external, owner: shop, properties: {total: mony}}\n",
        [
            '1:68: `text`, `number`, `money`, `boolean`, `time` or `date` is expected here, found "mony"; or a list is'
            ' expected here, found "mony"; did you mean "money"?'
        ],
    ),
    "kind in the catalogue": (
        "touchpoints.yaml",
        "Order Completed: {kind: extern, owner: shop}\n",
        [
            '1:25: `external`, `internal` or `peripheral` is expected here, found "extern"; did you mean "external"?',
        ],
    ),
    "policy": (
        "policy.yaml",
        "tracking: {opens: all}\ncaps: {name: a, limit: 1, per: fortnight}\ncategories: {marketing: {caps: false}}\n",
        [
            '1:19: `individual`, `aggregate` or `off` is expected here, found "all"',
            f'2:32: `hour`, `day`, `week` or `month` is expected here, found "fortnight"; or {DURATION}',
        ],
    ),
    "built-in category": (
        "policy.yaml",
        "categories: {marketing: {caps: false}}\n",
        ["1:1: `marketing` is a built-in category: its rules are fixed"],
    ),
    "segments": (
        "segments.yaml",
        "good: always\nbad: {did: {event: Order Completed, within: soon}}\nno name: always\n",
        [f"2:45: {DURATION}", '3:1: a name is made of letters, digits, `-` and `_`, found "no name"'],
    ),
    "trait": (
        "traits.yaml",
        "spent: {sum: {event: Order Completed, of: totl}}\n",
        ['1:43: unknown property "totl" of "Order Completed"; did you mean "total"? (listed in touchpoints.yaml)'],
    ),
    "compared trait": (
        "traits.yaml",
        "spent: {sum: {event: Order Completed, of: total, at_least: 3}}\n",
        ["1:9: a value is not compared here"],
    ),
    "message": (
        "b.message.yaml",
        "message: b\ncategory: marketng\ntopic: ofers\nchannels: {email: {subject: S, body: b.html, from: news}}\n",
        [
            "4:38: there is no file b.html beside this one",
            '2:11: unknown category "marketng"; did you mean "marketing"? (listed in policy.yaml)',
            '3:8: unknown topic "ofers"; did you mean "offers"? (listed in policy.yaml)',
            '4:52: unknown sender "news"; list it in policy.yaml',
        ],
    ),
    "no channel": (
        "b.message.yaml",
        "message: b\ncategory: service\nchannels: {}\n",
        ["3:11: a message needs content for at least one channel, like `email`"],
    ),
    "file of no kind": (
        "segment.yaml",
        "a: always\n",
        ['1:1: nobody reads a file named segment.yaml; did you mean "segments.yaml"?'],
    ),
    "file in the wrong place": (
        "more/policy.yaml",
        "time_zone: UTC\n",
        ["1:1: policy.yaml belongs at the top of the project: here nobody reads it"],
    ),
    "file that nothing reads yet": (
        "funnels.yaml",
        "a: {b: c}\n",
        ["1:1: note: its YAML is sound; nothing reads it yet"],
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_other_files_are_told_of_as_well(project: Write, case: str) -> None:
    file, text, expected = FILES[case]
    found = [str(problem) for problem in check(project({file: text}))]
    told = [line for line in found if line.startswith(f"{file}:")]
    assert sorted(told) == sorted(f"{file}:{line}" for line in expected)


def test_segments_in_a_circle_are_refused(project: Write) -> None:
    text = "a: {segment: b}\nb: {any: [always, {not: {segment: c}}]}\nc: {segment: a}\n"
    found = [str(problem) for problem in check(project({"segments.yaml": text}))]
    assert found == ["segments.yaml:3:14: segments in a circle: a -> b -> c -> a"]


def test_a_broken_definition_makes_no_errors_of_those_that_name_it(project: Write) -> None:
    broken = {"b.message.yaml": "message: b\ncategory: [\n"}
    problems = check(project(broken, a=steps("{send: b}")))
    assert {problem.file for problem in problems} == {"b.message.yaml"}


def test_two_files_with_one_journey_are_refused(project: Write) -> None:
    text = "journey: a\nstages: {stage: x}\n"
    found = [str(problem) for problem in check(project({"more/a.journey.yaml": text}, a=text))]
    assert found == ['more/a.journey.yaml:1:10: there is another journey "a", in a.journey.yaml']


def test_a_body_outside_of_the_project_is_refused(project: Write) -> None:
    text = "message: b\ncategory: service\nchannels: {email: {subject: S, body: ../../etc/passwd.txt}}\n"
    found = [str(problem) for problem in check(project({"b.message.yaml": text}))]
    assert found == ["b.message.yaml:3:38: a body's file lies inside the project"]


def test_warnings_and_notes_refuse_nothing(project: Write) -> None:
    text = steps("[{exit: done}, {send: hello}]")
    problems = check(project({"funnels.yaml": "a: 1\n"}, a=text))
    assert {problem.severity for problem in problems} == {"warning", "note"}
    assert not has_errors(problems)
