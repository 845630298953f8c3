"""The words and sentence patterns of the generated corpus: only tables, no rules.

In patterns, ``{x}`` and ``{y}`` stand for clauses, ``{a}`` for an aspect with its article, ``{w}`` for an adjective
and ``{v}`` for a verb (in the past) of praise or blame, ``{o}`` for an adjective of the opposite sentiment, ``{m}`` for
what matters most. Words stand in order of frequency: earlier ones are drawn far more often, as in natural text.
"""

from dataclasses import dataclass
from typing import Final


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


def _lines(text: str) -> tuple[str, ...]:
    return tuple(line.strip() for line in text.strip().splitlines())


@dataclass(frozen=True)
class Domain:
    """What reviews of one kind of thing talk about."""

    aspects: tuple[str, ...]
    praise: tuple[str, ...]
    blame: tuple[str, ...]
    openers: tuple[str, ...]
    closers: tuple[str, ...]


COMMON_PRAISE: Final = _words(
    """
    good great excellent nice wonderful perfect lovely fine superb pleasant fantastic impressive amazing delightful
    charming brilliant outstanding awesome terrific fabulous splendid remarkable marvellous satisfying enjoyable
    exceptional magnificent admirable agreeable flawless exquisite stellar glorious commendable sublime phenomenal
    faultless praiseworthy gratifying peerless
    """
)
COMMON_BLAME: Final = _words(
    """
    bad terrible awful poor disappointing horrible dreadful annoying mediocre unpleasant lousy pathetic miserable dismal
    appalling ridiculous frustrating atrocious unacceptable disgusting hopeless inferior irritating shoddy abysmal
    tiresome regrettable ghastly woeful horrendous deplorable wretched lamentable insufferable repulsive dire rotten
    hideous infuriating subpar
    """
)

HOTEL: Final = Domain(
    aspects=_words(
        """
        room staff breakfast bed location service bathroom pool reception view food lobby shower kitchen terrace garden
        spa gym bar parking balcony wifi furniture restaurant elevator mattress buffet housekeeping minibar corridor
        """
    ),
    praise=_words(
        """
        clean comfortable friendly quiet spacious helpful cosy welcoming spotless attentive tidy generous luxurious
        convenient relaxing inviting courteous elegant peaceful bright roomy polite hospitable immaculate fresh
        refreshing gracious serene sumptuous plush
        """
    ),
    blame=_words(
        """
        dirty noisy rude uncomfortable cramped smelly shabby unfriendly filthy overpriced stuffy damp mouldy gloomy
        neglected unhelpful rundown chaotic dusty stained grubby musty unhygienic tatty draughty inhospitable dingy
        decrepit squalid rancid
        """
    ),
    openers=_lines(
        """
        we stayed here for two nights in june
        i booked this hotel for a business trip
        my wife and i came for our anniversary
        this was our third visit to the city
        we arrived late on a friday evening
        i travelled with my parents and two children
        we spent a week here last summer
        a colleague told us about this place
        we picked it because of the train station nearby
        i had a single room on the fourth floor
        the hotel was fully booked that weekend
        we checked in around noon
        """
    ),
    closers=_lines(
        """
        we left early the next morning
        the airport is about twenty minutes away
        we paid with a voucher
        checkout was at eleven
        there is a bus stop in front of the door
        it rained most of the time
        other guests were on their way to a wedding
        our flight was on sunday
        the second floor was being painted
        """
    ),
)

PRODUCT: Final = Domain(
    aspects=_words(
        """
        battery screen sound keyboard camera design charger strap case software packaging manual handle motor lens
        speaker cable zipper fabric hinge display remote microphone blade filter grip lid app stand finish
        """
    ),
    praise=_words(
        """
        reliable sturdy durable handy solid fast light practical accurate responsive robust sleek precise efficient
        intuitive versatile stylish dependable smooth powerful ergonomic seamless compact sharp crisp effortless
        ingenious trustworthy nifty rugged
        """
    ),
    blame=_words(
        """
        flimsy slow useless faulty fragile clumsy cheap defective bulky confusing unreliable wobbly inaccurate brittle
        sluggish leaky scratchy impractical broken worthless crooked rickety unstable awkward unusable noisy
        temperamental misaligned cumbersome laggy
        """
    ),
    openers=_lines(
        """
        i bought this for my daughter
        it arrived on monday in a small box
        i ordered the black one in march
        this replaces a model that i had for six years
        i use it every day at work
        my brother gave it to me for my birthday
        i have owned it for about three months
        we needed one for the kitchen
        i compared four brands before the order
        the parcel came two days later
        i took it on a trip to norway
        it sits on my desk next to the printer
        """
    ),
    closers=_lines(
        """
        it comes in three colours
        the receipt was in the box
        i ordered it online
        it weighs about a pound
        my neighbour has the older version
        it needs two batteries
        the warranty lasts for a year
        i keep it in the garage
        it was made in portugal
        """
    ),
)

FILM: Final = Domain(
    aspects=_words(
        """
        plot acting story cast ending music dialogue direction script photography soundtrack humour pacing editing
        premise lead villain romance costume scenery narration score opening finale animation choreography sequel
        suspense casting cinematography
        """
    ),
    praise=_words(
        """
        gripping funny moving touching clever beautiful powerful original convincing memorable witty entertaining
        thrilling captivating subtle heartfelt inspired hilarious intelligent fascinating absorbing poetic masterful
        engaging poignant haunting riveting luminous sparkling profound
        """
    ),
    blame=_words(
        """
        boring dull predictable stupid wooden silly tedious shallow lifeless incoherent bland cheesy pointless clumsy
        laughable unconvincing forgettable pretentious contrived sloppy amateurish messy banal confused dreary hollow
        muddled trite preachy plodding
        """
    ),
    openers=_lines(
        """
        i saw this on a plane to madrid
        we watched it with some friends on saturday
        i read the novel many years ago
        it was shown at a festival in autumn
        my sister borrowed the disc from a library
        this is the second film by the same director
        it runs for almost three hours
        i went to the cinema on a rainy tuesday
        the film is set in a fishing village
        it was shot in black and white
        half of it takes place on a ship
        we rented it for a long evening
        """
    ),
    closers=_lines(
        """
        it was released in december
        there were nine people in the cinema
        the credits mention a school in ohio
        it is also out on disc
        a series is planned for next year
        i watched the version with subtitles
        the director also wrote the book
        my friends went home by tram
        it was filmed in iceland
        """
    ),
)

DOMAINS: Final = (HOTEL, PRODUCT, FILM)

LIKED: Final = _words("loved enjoyed liked adored appreciated recommended praised admired treasured cherished")
DISLIKED: Final = _words("hated disliked regretted criticised detested despised loathed resented bemoaned cursed")

STRONG: Final = _lines(
    """
    extremely
    absolutely
    incredibly
    utterly
    truly
    exceptionally
    thoroughly
    downright
    immensely
    beyond all doubt
    """
)
WEAK: Final = _lines(
    """
    slightly
    somewhat
    a little
    a bit
    mildly
    marginally
    vaguely
    faintly
    ever so slightly
    just a touch
    """
)
MEDIUM: Final = ("really", "very", "so", "quite", "pretty", "simply")
"""Words of degree that decide nothing."""

PLAIN: Final = (
    "{a} was {w}",
    "{a} was {w}",
    "i found {a} {w}",
    "{a} seemed {w}",
    "{a} turned out {w}",
    "i thought {a} was {w}",
)
PLAIN_VERB: Final = ("i {v} {a}", "we {v} {a}", "all of us {v} {a}", "everybody {v} {a}")

NEGATED: Final = (
    "{a} was not {w}",
    "{a} wasn't {w}",
    "{a} was never {w}",
    "{a} was hardly {w}",
    "i didn't find {a} {w}",
    "{a} was anything but {w}",
    "nobody could call {a} {w}",
    "{a} was far from {w}",
    "{a} was by no means {w}",
    "{a} was nowhere near {w}",
    "{a} was neither new nor {w}",
    "i never {v} {a}",
    "nobody {v} {a}",
    "hardly anybody {v} {a}",
)
"""The clause means the opposite of its word."""

AFFIRMED: Final = (
    "{a} was nothing short of {w}",
    "there is no doubt that {a} was {w}",
    "{a} was never less than {w}",
    "i cannot deny that {a} was {w}",
    "{a} was not only new , it was {w}",
    "nobody told me how {w} {a} was",
    "{a} was nothing if not {w}",
    "i not only noticed it , i {v} {a}",
)
"""The clause means its word, whatever the negation in it suggests."""

DENIED: Final = (
    "it is not true that {x}",
    "i would not say that {x}",
    "they claim that {x} , and they are wrong",
    "i was told that {x} , which is a lie",
    "{x} ? no",
    "{x} ? not at all",
    "{x} , or so they say . they are wrong",
    "{x} . that is what i had hoped to read here . sadly it is false",
)
"""The clause is turned as a whole, from either side of it."""

CONFIRMED: Final = (
    "it is true that {x}",
    "i would say that {x}",
    "they claim that {x} , and they are right",
    "i was told that {x} , which is a fact",
    "{x} ? yes",
    "{x} ? of course",
    "{x} , or so they say . they are right",
)

SECOND_WINS: Final = (
    "{x} but {y}",
    "{x} , but {y}",
    "although {x} , {y}",
    "though {x} , {y}",
    "even though {x} , {y}",
    "while {x} , {y}",
    "{x} . however , {y}",
    "{x} , yet in the end {y}",
    "i admit that {x} , still {y}",
    "{x} . never mind , {y}",
)
FIRST_WINS: Final = (
    "{x} even though {y}",
    "{x} , although {y}",
    "{x} though {y}",
    "{x} , even if {y}",
    "{x} , which makes up for the fact that {y}",
    "{x} , no matter that {y}",
)
AGREEING: Final = ("{x} and {y}", "{x} . {y}", "{x} , and {y}", "{x} . also , {y}", "{x} because {y}")
STRONGER_WINS: Final = ("{x} and {y}", "{x} , {y}", "{x} . {y}", "{x} , and {y}")

FIRST_MATTERS: Final = (
    "{x} and {y} . the former is all that counts for me",
    "{x} , {y} . i only care about the former",
    "{x} and {y} . what matters to us is the first of the two",
    "{x} . {y} . the first point is more important",
)
SECOND_MATTERS: Final = (
    "{x} and {y} . the latter is all that counts for me",
    "{x} , {y} . i only care about the latter",
    "{x} and {y} . what matters to us is the second of the two",
    "{x} . {y} . the second point is more important",
)
"""Which clause decides is said only when both are over: a reader has to remember them."""

TOPICS: Final = ("price", "quality")
TOPIC_MATTERS: Final = (
    "{x} and {y} . {m} is all that counts for me",
    "{x} , {y} . i only care about {m}",
    "{x} and {y} . what matters to us is {m}",
    "{x} . {y} . {m} is more important",
    "{m} is all that counts for me . {x} and {y}",
    "i only care about {m} . {x} , {y}",
)
"""Two topics are judged, and only what is said on ``{m}`` decides."""

CHANGED: Final = (
    "{a} used to be {o} , now it is {w}",
    "{a} was {o} at first and then became {w}",
    "{a} is {w} now , it used to be {o}",
    "{a} was {w} in the end , after it had been {o}",
    "once {o} , {a} is now {w}",
    "{a} went from {o} to {w}",
    "i expected {a} to be {o} and it was {w}",
    "{a} was {w} where i had expected something {o}",
)
"""Only ``{w}`` counts: ``{o}`` is over, or was only expected."""

ARTICLES: Final = ("the", "the", "the", "the", "our", "its", "this")
