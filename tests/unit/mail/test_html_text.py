import pytest
from hypothesis import given
from hypothesis import strategies as st

from camd.mail.html_text import DIVIDER, RULE, text_of_html
from camd.mail.quotes import own_words

ANSWER = "Thank you, this is mine."
OURS = "<div>Hello Ann,</div><div><br></div><div>If you do not want to hear from me again, reply with 'stop'.</div>"

QUOTES = {
    "gmail": '<div dir="ltr">{a}</div><br><div class="gmail_quote gmail_quote_container"><div dir="ltr" '
    'class="gmail_attr">Le ven. 3 mai 2024 à 10:12, Max &lt;<a href="mailto:m@x.example">m@x.example</a>&gt; a écrit'
    ' :<br></div><blockquote class="gmail_quote" style="margin:0px">{o}</blockquote></div>',
    "gmail otherwise": '<div dir="ltr">{a}</div><div class="gmail_quote"><div class="gmail_attr">Max, i går:'
    "</div><blockquote>{o}</blockquote></div>",
    "apple": '<html><body>{a}<br><div><br><blockquote type="cite"><div>Am 03.05.2024 um 10:12 schrieb Max '
    "&lt;m@x.example&gt;:</div><br>{o}</blockquote></div></body></html>",
    "iphone": '{a}<br><div dir="ltr">Von meinem iPhone gesendet</div><div dir="ltr"><br><blockquote type="cite">Am '
    "03.05.2024 um 10:12 schrieb Max:<br>{o}</blockquote></div>",
    "thunderbird": '<p>{a}</p><div class="moz-cite-prefix">W dniu 3.05.2024 o&nbsp;10:12, Max pisze:<br></div>'
    '<blockquote type="cite" cite="mid:1@x.example">{o}</blockquote>',
    "outlook web": '<div>{a}</div><hr style="display:inline-block;width:98%" tabindex="-1"><div id="divRplyFwdMsg" '
    'dir="ltr"><font><b>Von:</b> Max<br><b>Gesendet:</b> Freitag<br><b>An:</b> Ann<br></font></div><div>{o}</div>',
    "outlook web otherwise": '<div>{a}</div><div id="divRplyFwdMsg"><b>Lähettäjä:</b> Max</div>{o}',
    "outlook": '<div class="WordSection1"><p class="MsoNormal">{a}<o:p></o:p></p><p class="MsoNormal"><o:p>&nbsp;</o:p>'
    '</p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt 0cm 0cm"><p class="MsoNormal"><b>'
    "Feladó:</b> Max<br><b>Tárgy:</b> x</p></div></div>{o}</div>",
    "outlook mac": '<div>{a}</div><div id="mail-editor-reference-message-container"><div><b>From: </b>Max</div>{o}'
    "</div>",
    "outlook mobile": '<div>{a}</div><div class="ms-outlook-mobile-reference-message">{o}</div>',
    "outlook old": '{a}<div class="OutlookMessageHeader" lang="en-us"><hr>From: Max</div>{o}',
    "hotmail": '{a}<hr id="stopSpelling">From: Max<br>{o}',
    "yahoo": '<div>{a}</div><div id="yahoo_quoted_12" class="yahoo_quoted"><div>Max wrote</div>{o}</div>',
    "proton": '<div>{a}</div><div class="protonmail_quote">On Friday Max wrote:<blockquote>{o}</blockquote></div>',
    "gmx": '<div>{a}</div><div name="quote" style="border-left:2px"><div><b>Gesendet:</b> Freitag</div>{o}</div>',
    "notes": '{a}<br><font color="#990099">-----"Max" &lt;m@x.example&gt; wrote: -----</font><div>{o}</div>',
    "a rule and a header": "{a}<hr><b>Da:</b> Max &lt;m@x.example&gt;<br><b>Inviato:</b> venerdì<br><b>A:</b> Ann<br>"
    "<b>Oggetto:</b> x<br>{o}",
    "roundcube": '<p>{a}</p><p id="reply-intro">W dniu 2024-05-03 Max napisał:</p><blockquote type="cite">{o}'
    "</blockquote>",
}


@pytest.mark.parametrize("page", QUOTES.values(), ids=QUOTES.keys())
def test_nothing_quoted_remains_of_a_page(page: str) -> None:
    text = text_of_html(page.replace("{a}", ANSWER).replace("{o}", OURS))
    assert "reply with 'stop'" in text
    assert own_words(text) == ANSWER


def test_answers_between_blockquotes_are_the_authors() -> None:
    page = (
        '<div class="gmail_quote"><div class="gmail_attr">On 3 May 2024 at 10:12 Max &lt;m@x.example&gt; wrote:</div>'
        "<blockquote>A website?</blockquote><div>Yes.</div><blockquote>By when?</blockquote><div>June.</div></div>"
    )
    assert own_words(text_of_html(page)) == "Yes.\n\nJune."


def test_what_an_author_indents_in_gmail_is_no_quote() -> None:
    page = '<blockquote style="margin:0 0 0 40px;border:none;padding:0px"><div>stop it</div></blockquote>'
    assert own_words(text_of_html(page)) == "stop it"


@pytest.mark.parametrize(
    ("page", "text"),
    [
        ("<p>one</p><p>two</p>", "one\n\ntwo"),
        ("<p>one<p>two", "one\n\ntwo"),
        ('<p class="MsoNormal">one</p><p class="MsoNormal">two</p>', "one\ntwo"),
        ("<div>one</div><div><br></div><div>two</div>", "one\n\ntwo"),
        ("one<br/>two<BR>three", "one\ntwo\nthree"),
        ("one\n   <b>two</b>\n<i> three</i>", "one two three"),
        ("<pre>one\n  two</pre>three", "one\n  two\n\nthree"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("<ul><li>a<li>b</ul>", "a\nb"),
        ("a &lt;b&gt; &amp; &#228;&nbsp;&hellip; &#x41; &unknown;", "a <b> & ä\xa0… A &unknown;"),
        (f"a&#{'9' * 5000};b", "ab"),
        ("<style>p {x}</style><script>if (a<b) {}</script><title>t</title>a", "a"),
        ("a<!-- b <p> c -->d", "ad"),
        ("a<!-- b", "a"),
        ("a<![if !mso]>b<![endif]><?xml x?>c", "abc"),
        ('<div style="display: none">a</div>b<span style="mso-hide:all">c<div>d</div></span>e', "be"),
        ('<a href="https://x.example/u">Unsubscribe</a>', "Unsubscribe <https://x.example/u>"),
        ('<a href="https://x.example/">x.example</a>', "x.example"),
        ('<a href="mailto:a@x.example">a@x.example</a>', "a@x.example"),
        ("a<hr>b", f"a\n{RULE}\nb"),
        ('a<div id="x_divRplyFwdMsg">b</div>', f"a\n{DIVIDER}\nb"),
        ("<blockquote>a<blockquote>b</blockquote></blockquote>c", "> a\n>\n>> b\n>>\nc"),
        ("1 < 2 <3 a<", "1 < 2 <3 a<"),
        ("a</p></div>b", "ab"),
        ("", ""),
    ],
)
def test_a_page_reads_as_a_person_sees_it(page: str, text: str) -> None:
    assert text_of_html(page) == text


TOKENS = """<div> </div> <p> </p> <blockquote> </blockquote> <br> <a </a> <!-- --> <style> </style> <pre> </pre>
< > & &#1; text ' href='https://x' " = <![ ]]> <?"""
MARKUP = st.lists(
    st.sampled_from(TOKENS.split()),
    max_size=60,
).map("".join)


@given(MARKUP | st.text())
def test_any_text_can_be_read_as_html(page: str) -> None:
    assert isinstance(text_of_html(page), str)


@pytest.mark.parametrize(
    "piece", ["<", "<a ", "<!--", "<![", "</", "<a b='", "&#1", "<blockquote>x", "<div>", "<p a=", "<a>"]
)
def test_a_hundred_thousand_hostile_characters_can_be_read(piece: str) -> None:
    assert len(text_of_html(piece * (100_000 // len(piece)))) <= 400_000
