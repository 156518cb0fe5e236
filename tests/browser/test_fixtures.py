"""The browser fixtures themselves: a page logs in, and script errors do not pass unseen."""


def test_a_console_page_is_logged_in(console_page):
    console_page.goto("/admin/")

    assert console_page.title() != ""
    assert console_page.locator("input[name=password]").count() == 0


def test_script_errors_are_collected(browser_page):
    browser_page.goto("/admin/login/")
    with browser_page.expect_event("pageerror"):
        browser_page.evaluate("setTimeout(() => { throw new Error('seen') }, 0)")

    assert [problem.splitlines()[0] for problem in browser_page.problems] == ["page error: seen"]
    browser_page.problems.clear()
