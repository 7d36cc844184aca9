"""The frame of every page of the sandbox, and its stylesheet. No scripts."""

from markupsafe import Markup
from werkzeug.wrappers import Response

STYLESHEET = """
:root { color-scheme: light; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; color: #1c2b23; background: #f5f7f5; }
header { background: #14532d; color: #fff; padding: .75rem 1.5rem; }
header p { margin: 0; }
header strong { font-size: 1.1rem; }
header nav ul { display: flex; gap: 1.25rem; list-style: none; margin: .5rem 0 0; padding: 0; }
header nav a { color: #fff; }
header nav a[aria-current] { font-weight: 600; text-decoration: none; }
main { max-width: 68rem; margin: 0 auto; padding: 1rem 1.5rem 3rem; }
table { border-collapse: collapse; width: 100%; background: #fff; }
.scroll { overflow-x: auto; }
caption { text-align: left; padding: .25rem 0; }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #d5ddd7; }
th.amount, td.amount { text-align: right; font-variant-numeric: tabular-nums; }
tfoot td, tfoot th { font-weight: 600; }
form.search { display: flex; gap: .5rem; align-items: end; flex-wrap: wrap; margin: 1rem 0; }
label { display: block; }
input[type=search] { font: inherit; padding: .35rem .5rem; width: min(18rem, 100%); }
button { font: inherit; padding: .4rem 1rem; }
a { color: #14532d; }
:is(a, button, input, .scroll):focus-visible { outline: 3px solid #b45309; }
dl { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .25rem 1.5rem; }
dt { font-weight: 600; }
dd { margin: 0; overflow-wrap: anywhere; }
.pages { display: flex; gap: 1.5rem; }
"""

FRAME = Markup("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · QuickBooks sandbox</title>
<link rel="stylesheet" href="/app/style.css">
</head>
<body>
<header>
<p><strong>QuickBooks sandbox</strong> · an imitation for trying things out. No real books.</p>
{navigation}
</header>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
""")


def page(
    title: str, body: Markup, status: int = 200, *, navigation: Markup | None = None
) -> Response:
    response = Response(
        FRAME.format(title=title, body=body, navigation=navigation or Markup()),
        status=status,
        mimetype="text/html",
    )
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return response


def stylesheet() -> Response:
    return Response(STYLESHEET, mimetype="text/css")
