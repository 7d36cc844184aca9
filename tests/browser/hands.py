"""What hands do at a keyboard, and what eyes find on a page."""

from contextlib import contextmanager

from playwright.sync_api import expect

FOCUS = "document.activeElement.id"


def focused(page):
    return page.evaluate(FOCUS)


def tab_to(page, wanted, *, back=False, at_most=150):
    """Press Tab until the element with this id, or the link or button of this name, has focus."""
    named = """wanted => { const it = document.activeElement; return it.id === wanted
      || it.matches("a, button, summary") && it.innerText.trim().startsWith(wanted) }"""
    for _ in range(at_most):
        page.keyboard.press("Shift+Tab" if back else "Tab")
        if page.evaluate(named, wanted):
            return
    raise AssertionError(f"{wanted!r} is not reached by Tab on {page.url}")


def go_by_keyboard(page, wanted, url):
    """Tab to a link and follow it; `url` is where it leads."""
    tab_to(page, wanted)
    page.keyboard.press("Enter")
    page.wait_for_url(url)


def counts(page):
    """What the tabs say: {"Ready": 4, …}"""
    return {
        tab.locator("xpath=.").evaluate("it => it.firstChild.textContent.trim()"): int(
            tab.locator(".count").inner_text()
        )
        for tab in page.locator("nav.tabs a:has(.count)").all()
    }


def rows(page):
    """The ids of the table's rows, from top to bottom."""
    return page.locator("tr[data-row]").evaluate_all("rows => rows.map(row => row.id)")


def undecided(page):
    return page.locator("tr[data-undecided]").evaluate_all("rows => rows.map(row => row.id)")


def main_of(page, row):
    """The id of a row's main button: Accept, or Choose where there is no draft."""
    return page.locator(f"#{row} [data-main], #{row} [data-key=a]").first.get_attribute("id")


def settled(page):
    """Nothing is being saved any more."""
    expect(page.locator("[aria-busy]")).to_have_count(0, timeout=15_000)


def listened_in(page):
    """Have every request pass by us from the start: where that is switched on late, Chromium lets
    a request slip through now and then.
    """
    page.route("**/nothing-is-ever-asked-here", lambda route: route.abort())
    return page


@contextmanager
def held_back(page, address):
    """Requests there wait until the block ends: hands are faster than the line.

    For a page that is `listened_in` on.
    """
    waiting = []
    page.route(address, lambda route: waiting.append(route))
    yield
    for _ in range(500):
        if waiting:
            break
        page.wait_for_timeout(20)
    assert waiting, f"Nothing was asked of {address}"
    for route in waiting:
        route.continue_()
    page.unroute(address)


def counted(page, label, number):
    """The tab comes to say this number: counts are asked for anew after the last decision."""
    tab = page.locator("nav.tabs a", has_text=label).locator(".count")
    expect(tab).to_have_text(str(number), timeout=15_000)
