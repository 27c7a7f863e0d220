"""What is refused when a message is compiled, and in which words; what is read out of those accepted."""

from pathlib import Path
from typing import Any

import pytest

from journey_messages import MessageError, compile, render  # noqa: A004 - its own name
from journey_schemas.definition import version_of
from journey_schemas.project import load

_JOURNEYS = Path(__file__).parents[2] / "journeys"


def _definition(body: str = "<p>Hello</p>", subject: str = "Hello", **more: Any) -> dict[str, Any]:
    return {
        "message": "hello",
        "category": "service",
        "channels": {"email": {"subject": subject, "body": body}},
        **more,
    }


def _problems(definition: dict[str, Any]) -> list[str]:
    with pytest.raises(MessageError) as raised:
        compile(definition)
    return [str(problem) for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{% frobnicate %}", "email.body: unexpected tag 'frobnicate' (line 1)"),
        ("a\n{{ profile.x | default: '' | frob }}", "email.body: unknown filter 'frob' (line 2)"),
        ("{{ profile.x | default: '' | safe }}", "unknown filter 'safe'"),
        ("{% include 'a' %}", "unexpected tag 'include'"),
        ("{% render 'a' %}", "unexpected tag 'render'"),
        ("{% link 1 %}", "unexpected tag 'link'"),
        ("{{ customer.name | default: '' }}", 'unknown value "customer.name"'),
        ("{{ profile[event.k] | default: '' }}", "must stand in the template"),
        ("{{ event | default: '' }}", '"event" is a whole root'),
        ("{% for i in event %}{% endfor %}", '"event" is a whole root'),
        ("{{ profile.first_name }}", "let `default` be its first filter"),
        ("{{ profile.first_name | upcase | default: 'x' }}", "let `default` be its first filter"),
        ("{% assign n = profile.first_name %}{{ n }}", "let `default` be its first filter"),
        ("{% for i in event.items %}x{% endfor %}", "loop inside an `if`"),
        (
            "{% if event.items %}{% for i in event.items %}{{ i.name }}{% endfor %}{% endif %}",
            '"i.name" may be missing',
        ),
        ('<a {% if event.x %}href="https://a.example"{% endif %}>x</a>', "between the attributes"),
        ("<p {{ event.x | default: '' }}>", "between the attributes"),
        ("<mjml><mj-body/></mjml>", "MJML is not supported yet"),
        ("{% if event.x %}", "email.body: "),
        ("\ue0001\ue001", "reserved"),
    ],
)
def test_what_cannot_work_is_refused_with_its_place(body: str, said: str) -> None:
    problems = _problems(_definition(body))
    assert any(said in problem for problem in problems), problems


def test_all_that_is_wrong_is_told_at_once() -> None:
    problems = _problems(_definition("{{ profile.a }}{{ other.b }}", subject="{{ event.c }}"))
    assert len(problems) == 3


def test_a_channel_that_cannot_be_sent_yet_is_named() -> None:
    definition = _definition()
    definition["channels"]["sms"] = {"text": "Hello"}
    assert _problems(definition) == ["sms: sms is not supported yet"]


def test_a_wrong_shape_is_told_with_its_field() -> None:
    assert _problems({"message": "x", "category": "service", "channels": {"email": {"subject": "s"}}}) == [
        "email.body: Field required"
    ]


def test_the_version_is_that_of_the_definition() -> None:
    definition = _definition()
    assert compile(definition).version == version_of(definition)


def test_variables_are_the_paths_a_command_must_carry() -> None:
    compiled = compile(
        _definition(
            "{% if event.items.size > 1 %}{% for i in event.items %}{{ i.name | default: '' }}{% endfor %}{% endif %}"
            "{{ event.lines[0].name | default: '' }}{% if vars.vip %}!{% endif %}",
            subject="{{ profile.first_name | default: event.name }}",
            required=["profile.country"],
        )
    )
    assert compiled.variables == (
        "event.items", "event.lines", "event.name", "profile.country", "profile.first_name", "vars.vip",
    )  # fmt: skip


def test_static_links_are_numbered_once_each_and_others_are_left() -> None:
    compiled = compile(
        _definition(
            "<a href=\"https://a.example/?x=1&amp;y=2\">a</a> <a href='https://b.example'>b</a>"
            '<a href="https://a.example/?x=1&y=2">a again</a><a href="mailto:a@b.example">m</a>'
            '<a href="{% unsubscribe_url %}">u</a><a href="{{ vars.link | default: \'\' }}">d</a>'
        )
    )
    assert compiled.links == ("https://a.example/?x=1&y=2", "https://b.example")


@pytest.mark.parametrize("name", sorted(path.name.split(".")[0] for path in _JOURNEYS.rglob("*.message.yaml")))
def test_every_message_of_the_shop_compiles_and_renders_with_nothing_known(name: str) -> None:
    compiled = compile(load(_JOURNEYS).messages[name])
    data: dict[str, dict[str, Any]] = {"profile": {}, "event": {}, "vars": {}}
    made = render(compiled, "email", data, unsubscribe_url="https://u.example", link_url=lambda n: f"https://c/{n}")
    assert "{%" not in str(made)
    assert "{{" not in str(made)
