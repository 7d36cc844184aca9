"""Where the focus is: after dialogs, panels, the combobox, and on one's way through a page."""

import pytest
from playwright.sync_api import expect

from tests.browser.builder import OTHERS
from tests.browser.hands import (
    focused,
    held_back,
    listened_in,
    main_of,
    settled,
    tab_to,
    undecided,
)


@pytest.fixture(scope="module")
def page(builder, open_window):
    return open_window(builder.controller)


@pytest.fixture
def table(page, builder):
    """The review table with the focus on its first row; the ids of its rows."""
    page.goto(f"{builder.at}/mappings/vendors/")
    found = undecided(page)
    page.locator(f"#{main_of(page, found[0])}").focus()
    return found


def test_the_first_stop_is_the_link_past_the_frame(page, builder):
    page.goto(f"{builder.at}/")

    page.keyboard.press("Tab")
    page.keyboard.press("Enter")

    assert focused(page) == "main"


def test_j_and_k_walk_the_rows(page, table):
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("k")

    assert focused(page) == main_of(page, table[1])


def test_escape_closes_the_box_and_gives_the_focus_back(page, table):
    page.keyboard.press("o")
    page.locator(f"#{table[0]}-pick").wait_for()
    page.keyboard.press("Escape")

    assert page.locator(f"#{table[0]}-more").count() == 0
    assert focused(page) == f"{table[0]}-override"


def test_saving_without_a_pick_keeps_the_focus_in_the_box_and_says_why(page, table):
    page.keyboard.press("o")
    page.locator(f"#{table[0]}-pick").wait_for()
    page.locator(f"#{table[0]}-save").press("Enter")
    page.locator(f"#{table[0]}-pick-error li").wait_for()

    assert focused(page) == f"{table[0]}-pick"
    assert page.locator(f"#{table[0]}-pick").get_attribute("aria-invalid") == "true"


def test_e_opens_and_closes_compare(page, table):
    page.keyboard.press("e")
    page.locator(f"#{table[0]}-more").wait_for()
    assert page.locator(f"#{table[0]}-compare").get_attribute("aria-expanded") == "true"
    page.keyboard.press("e")

    page.locator(f"#{table[0]}-more").wait_for(state="detached")
    assert page.locator(f"#{table[0]}-compare").get_attribute("aria-expanded") == "false"
    assert page.evaluate("document.activeElement !== document.body")


def test_a_dialog_gives_the_focus_back_to_what_opened_it(page, table):
    page.locator("#help").focus()
    page.keyboard.press("Enter")
    page.locator("dialog[open]").wait_for()
    assert page.evaluate("document.querySelector('dialog').contains(document.activeElement)")
    page.keyboard.press("Escape")

    page.locator("dialog[open]").wait_for(state="detached")
    assert focused(page) == "help"


def test_x_selects_and_shift_x_selects_up_to_here(page, table):
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("Shift+X")

    assert page.locator("tr[data-row] [data-select]:checked").count() == 3
    assert "Selected 3" in page.locator("#selection-bar").inner_text()


def test_letters_typed_into_a_field_decide_nothing(page, table):
    page.keyboard.press("/")
    page.keyboard.type("al")
    page.wait_for_url("**q=al**")
    settled(page)

    expect(page.locator("#id_q")).to_be_focused()
    assert page.locator("tr[data-row] [data-key=u]").count() == 0


def test_no_key_works_once_they_are_switched_off(page, builder, open_window):
    builder.admin.shortcuts = False
    builder.admin.save()
    page = open_window(builder.admin)
    page.goto(f"{builder.at}/mappings/vendors/")
    found = undecided(page)
    page.locator(f"#{main_of(page, found[0])}").focus()

    page.keyboard.press("a")
    page.keyboard.press("l")

    assert undecided(page) == found


def test_the_focus_survives_a_click_on_a_tab(page, table):
    tab_to(page, "tab-2", back=True)
    page.keyboard.press("Enter")
    page.wait_for_url("**tab=accepted**")
    settled(page)

    expect(page.locator("#tab-2")).to_be_focused()
    expect(page.locator("tr[data-row]")).to_have_count(0)


def test_no_bar_that_sticks_hides_what_has_the_focus(page, table):
    page.set_viewport_size({"width": 1280, "height": 500})
    hidden = []
    for _ in table[:15]:
        page.keyboard.press("j")
        seen = page.evaluate(
            """() => { const it = document.activeElement, box = it.getBoundingClientRect();
              const at = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
              return it === at || it.contains(at); }"""
        )
        if not seen:
            hidden.append(focused(page))
    page.set_viewport_size({"width": 1280, "height": 720})

    assert hidden == []


def test_enter_outlasts_the_answer_to_fewer_letters(builder, open_window):
    """The clock stands still, so that answer comes while the whole name was not yet asked for."""
    page = listened_in(open_window(builder.controller))
    page.clock.install()
    page.goto(f"{builder.at}/mappings/vendors/")
    here = undecided(page)[0]
    page.locator(f"#{here}-override").click()
    pick = page.locator(f"#{here}-pick")
    pick.wait_for()
    page.clock.pause_at(page.evaluate("Date.now()") + 1000)

    with held_back(page, "**/options/**"):
        page.keyboard.type("ce")
        page.clock.run_for(200)
        page.keyboard.press("Backspace")
        page.keyboard.press("Backspace")
        page.keyboard.type(OTHERS)
        page.keyboard.press("Enter")
    page.locator("[data-combobox][data-shown=ce]").wait_for()
    page.keyboard.press("Enter")  # again: what is offered now was not meant
    assert focused(page) == f"{here}-pick"
    page.clock.run_for(200)
    page.clock.resume()
    page.locator(f"#{here}-more").wait_for(state="detached")
    settled(page)
    assert OTHERS in page.locator(f"#{here}").inner_text()
