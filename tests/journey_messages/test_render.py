"""What leaves: values are escaped where they must be, limits hold, a missing value never goes out as a hole."""

import time
from typing import Any

import pytest

from journey_messages import MissingVariable, RenderedEmail, RenderedWebhook, RenderError, compile, render  # noqa: A004

_EMPTY: dict[str, dict[str, Any]] = {"profile": {}, "event": {}, "vars": {}}


def _email(body: str, data: dict[str, dict[str, Any]], subject: str = "Hello", **more: Any) -> RenderedEmail:
    email = {"subject": subject, "body": body, **more.pop("email", {})}
    definition = {"message": "hello", "category": "service", "channels": {"email": email}, **more}
    made = render(
        compile(definition), "email", {**_EMPTY, **data}, unsubscribe_url="https://s.example/u/t?a=1&b=2",
        link_url=lambda number: f"https://s.example/c/{number}",
    )  # fmt: skip
    assert isinstance(made, RenderedEmail)
    return made


def test_values_are_escaped_in_html_and_nowhere_else() -> None:
    name = '<b>"Ann" & Co</b>'
    made = _email(
        "<p>{{ profile.name | default: '' }}</p>", {"profile": {"name": name}}, "{{ profile.name | default: '' }}"
    )
    assert "<p>&lt;b&gt;&#34;Ann&#34; &amp; Co&lt;/b&gt;</p>" in made.html
    assert made.subject == name
    assert name in made.text


def test_a_line_break_in_a_value_makes_no_second_header_line() -> None:
    made = _email("x", {"profile": {"n": "A\r\nBcc: all@shop.example"}}, "{{ profile.n | default: '' }}")
    assert made.subject == "A Bcc: all@shop.example"


def test_a_missing_value_has_the_answer_the_message_gives() -> None:
    assert "there" in _email("{{ profile.n | default: 'there' }}", {}).html
    assert "there" in _email("{{ profile.n }}", {}, fallbacks={"profile.n": "there"}).html
    with pytest.raises(MissingVariable, match=r"profile\.n"):
        _email("{{ profile.n }}", {}, required=["profile.n"])
    assert "Ann" in _email("{{ profile.n }}", {"profile": {"n": "Ann"}}, required=["profile.n"]).html


def test_fallbacks_leave_the_values_of_the_command_as_they_are() -> None:
    data: dict[str, dict[str, Any]] = {"profile": {}}
    _email("{{ profile.n }}", data, fallbacks={"profile.n": "there"})
    assert data == {"profile": {}}


def test_a_loop_in_a_table_and_a_comparison_survive_in_both_parts() -> None:
    body = (
        "<table>{% for i in event.items %}<tr><td>{{ i.name | default: '-' }}</td></tr>{% endfor %}</table>"
        "{% if event.total > 100 %}<p>Big</p>{% endif %}"
    )
    data = {"event": {"items": [{"name": "A"}, {"name": "B"}], "total": 120}}
    made = _email(body, data, required=["event.items"])
    assert "<tr><td>A</td></tr><tr><td>B</td></tr>" in made.html
    for part in (made.html, made.text):
        assert all(word in part for word in ("A", "B", "Big"))


def test_links_go_through_the_counter_and_the_way_out_does_not() -> None:
    made = _email(
        '<a href="https://shop.example/a">a</a><a href="{% unsubscribe_url %}">out</a>'
        "<a href=\"{{ vars.url | default: '' }}\">d</a>"
        '<a href="https://shop.example/p/{{ vars.id | default: 0 }}">p</a>',
        {"vars": {"url": "https://shop.example/x?a=1&b=2", "id": 7}},
    )
    assert '<a href="https://s.example/c/1">a</a>' in made.html
    assert '<a href="https://s.example/u/t?a=1&amp;b=2">out</a>' in made.html
    assert '<a href="https://s.example/c/2">d</a><a href="https://s.example/c/3">p</a>' in made.html
    assert made.dynamic_links == {2: "https://shop.example/x?a=1&b=2", 3: "https://shop.example/p/7"}


@pytest.mark.parametrize("target", ["javascript:alert(1)", "data:text/html,x", ""])
def test_a_target_out_of_data_that_is_no_web_address_leads_nowhere(target: str) -> None:
    made = _email("<a href=\"{{ vars.url | default: '' }}\">d</a>", {"vars": {"url": target}})
    assert '<a href="#">d</a>' in made.html
    assert made.dynamic_links == {}


def test_text_is_made_from_the_html_unless_given() -> None:
    body = '<h1>Hello</h1><p>See <a href="https://shop.example">the shop</a></p>'
    assert _email(body, {}).text == "Hello\n\nSee [the shop](https://shop.example)\n"
    assert _email(body, {}, email={"text": "Own"}).text == "Own"


@pytest.mark.parametrize(
    "body",
    [
        "{{ (1..100000000) | join: ',' }}",
        "{% assign n = 100000000 %}{{ (1..n) | join: ',' }}",
        "{% for i in (1..5000) %}{% for j in (1..5000) %}x{% endfor %}{% endfor %}",
        "{% assign x = 'aaaaaaaaaaaaaaaa' %}{% for i in (1..40) %}{% assign x = x | append: x %}{% endfor %}",
        "{% assign x = 'a' %}{% for i in (1..9000) %}{% for j in (1..2) %}{{ 'aaaaaaaaaaaaaaaaaaaaaaaaaaaa' | append:"
        " 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' }}{% endfor %}{% endfor %}",
    ],
)
def test_a_template_that_takes_too_much_is_stopped_at_once(body: str) -> None:
    began = time.perf_counter()
    with pytest.raises(RenderError):
        _email(body, {})
    assert time.perf_counter() - began < 2


def test_no_value_stands_in_an_error() -> None:
    with pytest.raises(RenderError) as raised:
        _email("{{ event.n | default: 0 | money: 'EUR' }}", {"event": {"n": "secret"}})
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("value", "currency", "printed"),
    [
        ("40.00", "EUR", "€40.00"),
        (1234.5, "usd", "$1,234.50"),
        (-3, "GBP", "-£3.00"),
        (1234, "JPY", "¥1,234"),
        (5, "CHF", "5.00 CHF"),
    ],
)
def test_money_is_printed_with_its_currency(value: object, currency: str, printed: str) -> None:
    made = _email("x", {"event": {"n": value}}, f"{{{{ event.n | default: 0 | money: '{currency}' }}}}")
    assert made.subject == printed


def test_a_message_has_no_clock() -> None:
    with pytest.raises(RenderError):
        _email("{{ 'now' | date: '%Y' }}", {})
    assert (
        "31.01.2026" in _email("{{ event.at | default: '' | date: '%d.%m.%Y' }}", {"event": {"at": "2026-01-31"}}).html
    )


def test_a_webhook_fills_each_text_and_keeps_the_json() -> None:
    definition = {
        "message": "crm",
        "category": "service",
        "channels": {
            "webhook": {
                "target": "crm",
                "json": {
                    "name": "{{ profile.n | default: '' }}",
                    "n": 3,
                    "deep": [{"x": "{{ event.x | default: 'q' }}"}],
                },
            }
        },
    }
    made = render(
        compile(definition), "webhook", {**_EMPTY, "profile": {"n": 'A "quoted" <name>'}},
        unsubscribe_url="", link_url=lambda number: "",
    )  # fmt: skip
    assert made == RenderedWebhook(json={"name": 'A "quoted" <name>', "n": 3, "deep": [{"x": "q"}]}, target="crm")


def test_footer_preheader_and_picture_stand_inside_the_document() -> None:
    definition = {
        "message": "hello",
        "category": "service",
        "channels": {
            "email": {"subject": "s", "preheader": "Pre", "body": "<html><body class='a>b'><p>x</p></body></html>"}
        },
    }
    made = render(
        compile(definition), "email", _EMPTY, unsubscribe_url="", link_url=lambda number: "",
        open_url="https://s.example/o/t.gif", footer="Shop & Co, Town",
    )  # fmt: skip
    assert isinstance(made, RenderedEmail)
    assert (
        made.html.index("Pre")
        < made.html.index("<p>x</p>")
        < made.html.index("Shop &amp; Co")
        < made.html.index("/o/t.gif")
    )
    assert made.html.endswith("</body></html>")
    assert made.text.endswith("Shop & Co, Town\n")
