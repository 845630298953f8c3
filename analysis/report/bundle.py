"""Vega, Vega-Lite and Vega-Embed as one script, without addresses."""

import re
from functools import cache

# What the libraries would link to or name; none of it is fetched, and without it the page has no address of anybody.
_ADDRESSES = re.compile(r"https://(?:vega\.github\.io|github\.com)/[\w./-]*")

_SNIPPET = "window.vegaEmbed = vegaEmbed;"


@cache
def vega_script() -> str:
    """The text of a classic script that sets ``window.vegaEmbed``. XML namespaces, which are names, stay in it."""
    import vl_convert

    script = _ADDRESSES.sub("", vl_convert.javascript_bundle(_SNIPPET))
    return script.replace("</script", "<\\/script")
