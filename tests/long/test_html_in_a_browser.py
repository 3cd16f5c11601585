"""Hostile HTML goes through the product and into a real browser, which runs none of it.

Each text is posted as a document, and what the API returns of it is shown in frames of its own:
as a page (srcdoc), written into an element (innerHTML), and read and written once more, which is
how harmless HTML becomes harmful. Then everything that can be pressed is pressed.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.child_instance import Instance

from ..feeds import FeedServer
from ..feeds import page as served
from ..security.html_payloads import EVERY
from .browser import new_page

pytestmark = pytest.mark.long

# Runs before any other script, in each frame.
LISTEN = "for (const name of ['alert', 'confirm', 'prompt', 'print'])\
 window[name] = () => (top.ran ||= new Set()).add(window.name || name)"
SHOW = """
<!doctype html><meta charset="utf-8"><title>texts</title><body><script>
const texts = TEXTS
const wait = (ms) => new Promise((done) => setTimeout(done, ms))
const press = (root) => {
  for (const element of root.querySelectorAll('*')) {
    for (const kind of ['pointerover', 'mouseover', 'focus', 'animationstart', 'toggle', 'error'])
      element.dispatchEvent(new Event(kind))
    if (!/^https?:|^mailto:/.test(element.href || ''))
      element.click ? element.click() : element.dispatchEvent(new MouseEvent('click'))
  }
}
const frame = (name) => {
  const made = document.createElement('iframe')
  made.name = name
  document.body.append(made)
  return made
}
const ways = {
  page: async (number, text) => {
    const shown = frame(`${number}`)
    shown.srcdoc = `<!doctype html><body>${text}`
    await new Promise((done) => { shown.onload = done; setTimeout(done, 1000) })
    return [shown, shown.contentDocument]
  },
  written: async (number, text) => {
    const shown = frame(`${number}`)
    shown.contentDocument.body.innerHTML = text
    return [shown, shown.contentDocument]
  },
  twice: async (number, text) => {
    const shown = frame(`${number}`)
    const body = shown.contentDocument.body
    for (let again = 0; again < 3; again++) {
      body.innerHTML = again ? body.innerHTML : text
      for (const place of ['div', 'table', 'svg', 'math', 'noscript', 'template', 'select']) {
        const outer = shown.contentDocument.createElement(place)
        outer.innerHTML = body.innerHTML
        body.append(outer)
        outer.remove()
      }
    }
    return [shown, shown.contentDocument]
  },
}
const show = async () => {
  for (const way of Object.values(ways)) {
    await Promise.all(texts.map(async (text, number) => {
      const [shown, inside] = await way(number, text)
      await wait(300)
      if (inside && inside.body) press(inside)
      await wait(300)
      shown.remove()
    }))
  }
  top.ran ||= new Set()
  document.title = 'done'
}
show()
</script>
"""


def run(texts: list[str]) -> set[str]:
    """Show texts in a browser; return the numbers of those that ran a script."""
    shown = SHOW.replace("TEXTS", json.dumps(texts).replace("<", "\\u003c"))
    with FeedServer() as server, new_page() as page:
        server.answers["/"] = served(shown.encode(), "text/html; charset=utf-8")
        page.before_scripts(LISTEN)
        page.open(server.url("/"))
        page.until("document.title === 'done'", "end", seconds=240)
        return set(page.value("[...top.ran]"))


@pytest.fixture(scope="module")
def returned(instance: Instance) -> Iterator[list[str]]:
    """Return summary and content that the API shows for each text."""
    with instance.client() as client:
        source = client.post(
            "/api/v1/sources",
            json={
                "name": "texts",
                "url": "https://texts.example/feed",
                "kind": "feed",
                "schedule": {"kind": "interval", "every_seconds": 86_400},
                "enabled": False,
            },
        )
        assert source.status_code == 201, source.text

        def post(numbered: tuple[int, str]) -> str:
            number, html = numbered
            made = client.post(
                "/api/v1/documents",
                json={
                    "source_id": source.json()["id"],
                    "url": f"https://texts.example/{number}",
                    "title": f"Text {number}",
                    "summary": html.replace("\x00", "\ufffd"),
                    "content": f"<p>Before</p>{html}<p>after</p>".replace("\x00", "\ufffd"),
                },
            )
            assert made.status_code == 201, made.text
            stored = client.get(made.headers["Location"]).json()
            return str(stored["summary"] + stored["content"])

        with ThreadPoolExecutor(4) as posts:
            yield list(posts.map(post, enumerate(EVERY)))


def test_html_from_the_api_runs_no_script(returned: list[str]) -> None:
    ran = run(returned)
    assert {EVERY[int(number)] for number in ran if number.isdigit()} == set()
    assert ran == set()


def test_all_cleaned_attacks_on_one_page_run_no_script(returned: list[str]) -> None:
    with FeedServer() as server, new_page() as page:
        whole = f"<!doctype html><title>all</title><body>{''.join(returned)}<hr id=end>"
        server.answers["/"] = served(whole.encode(), "text/html; charset=utf-8")
        page.before_scripts(LISTEN)
        page.open(server.url("/"))
        page.until("document.getElementById('end') !== null", "end")
        page.value("document.querySelectorAll('a:not([href])').forEach(one => one.click())")
        assert page.value("[...(top.ran || [])]") == []
        # What is asked of other hosts is asked for pictures, films and sounds only.
        assert page.value("document.scripts.length + document.styleSheets.length") == 0


def test_uncleaned_most_attacks_run_a_script_in_the_browser(instance: Instance) -> None:
    """With the guard disabled: this browser runs most of them, so that the silence above counts."""
    ran = {int(number) for number in run(list(EVERY)) if number.isdigit()}
    assert len(ran) > len(EVERY) // 2
