"""English words that carry grammar rather than meaning: an option of the tokeniser, off by default.

Negations (not, no, never, nor, don't, can't, without ...), contrasts (but, though, however) and words of degree
(very, too, more, only) are left in on purpose: they turn or scale what stands beside them, which is just what a
recurrent network is there to read.
"""

from typing import Final

_LINES: Final = """
a an the this that these those
i me my mine myself we us our ours ourselves you your yours yourself yourselves
he him his himself she her hers herself it its itself they them their theirs themselves
i'm i've i'd i'll we're we've we'd we'll you're you've you'd you'll
he's he'd he'll she's she'd she'll it's it'd it'll they're they've they'd they'll that's there's who's what's let's
am is are was were be been being have has had having do does did doing
will would shall should can could may might must
and or if as than then so because while until since
of at by for with about between into through during before after above below to from up down in out on off over under
again further once here there when where why how who whom whose which what
both each some such other same own just also
"""
ENGLISH_STOP_WORDS: Final[frozenset[str]] = frozenset(_LINES.split())
