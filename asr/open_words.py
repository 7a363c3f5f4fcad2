"""Words after which something must follow, and words that close a sentence, by language.

Where a word may do both ("come in"), it counts as open: to wait a little too long costs less than to cut a sentence in two.
"""

from __future__ import annotations

OPEN_WORDS: dict[str, frozenset[str]] = {
    "en": frozenset(
        """a an the my your our their its every mr mrs dr
        and but or nor because if unless until although whereas than while when whenever whether
        of for from at by into onto about as with without between among during through towards toward against per
        to in on which whose what's there's here's where's that's who's
        i i'm i've i'll i'd you're you've you'll we're we've we'll we'd they're they've they'll he's she's it's it'll
        is are was were am be been being isn't aren't wasn't weren't has had having
        can could will would should might must
        very quite rather such let let's want wanna gonna gotta well so like basically
        we they he she um uh er erm hmm""".split()
    ),
    "de": frozenset(
        """der die das dem den des ein eine einen einem einer eines mein meine meinen dein deine sein seine ihr ihre unser
        und oder aber denn weil dass wenn ob als obwohl während bevor nachdem damit sondern
        in im an am bei von vom zu zum zur nach für über unter vor durch gegen ohne um ich wir sehr äh ähm hm""".split()
    ),
    "fr": frozenset(
        """le la les un une des du de mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs ce cette ces
        et ou mais donc car parce que qu si quand lorsque puisque comme
        à au aux en dans sur sous avec sans pour par chez vers entre je très euh heu ben""".split()
    ),
    "es": frozenset(
        """el la los las un una unos unas de del al mi mis tu tus su sus nuestro nuestra
        y e o u pero porque que si cuando aunque mientras como
        a en con sin por para sobre entre hasta desde hacia muy eh em""".split()
    ),
}
NEVER_LAST: dict[str, frozenset[str]] = {
    "en": frozenset(
        "a an the my your our their its every and but or because very if than is are was were we they he".split()
    ),
}
"""Words with which no question ends either; others may: "Where are you from?"."""
OPEN_PHRASES: dict[str, frozenset[str]] = {
    "en": frozenset(
        f"{first} {last}"
        for last, firsts in {
            "know": "you",
            "mean": "i",
            "me": "let",
            "though": "even",
            "same": "the",
            "think": "i",
            "guess": "i",
            "really": "i",
            "just": "i",
            "always": "i",
            "never": "i",
            "you": "could can would do did have will",
            "do": "how what where why",
            "did": "how what where why when",
            "have": "you we they",
            "look": "you i we they",
            "looks": "it that he she this",
            "sounds": "it that this",
            "seems": "it that he she this",
            "it": "if because when while that what where how but whether until although though",
            "she": "if because when while that what where how but whether and until although though",
            "there": "if because when while that but whether",
        }.items()
        for first in firsts.split()
    )
    | frozenset(f"{conjunction} you" for conjunction in "if because when while that what where how but whether".split())
    | frozenset(
        f"{first} {last}"
        for last, firsts in {
            "new": "a my your our his her the some any",
            "old": "an my your our his her the some",
            "big": "a my your our the some",
            "small": "a my your our the some",
            "whole": "a my your our the",
            "favorite": "my your our his her",
            "favourite": "my your our his her",
            "first": "my your our his her the",
            "second": "a my your our the",
            "third": "a my your our the",
            "next": "my your our the",
            "really": "a",
            "very": "a the",
        }.items()
        for first in firsts.split()
    ),
}
"""Two words that are open only together."""
SUBORDINATORS: dict[str, frozenset[str]] = {
    "en": frozenset({"if", "when", "whenever", "while", "although", "though", "unless", "once", "whereas"}),
    "de": frozenset({"wenn", "falls", "obwohl", "während", "nachdem", "bevor", "sobald"}),
    "fr": frozenset({"si", "quand", "lorsque", "puisque"}),
    "es": frozenset({"si", "cuando", "aunque", "mientras"}),
}
"""A sentence that begins with one and has a single clause lacks the other one."""
SUBJECTS: dict[str, frozenset[str]] = {
    "en": frozenset("i you he she it we they there this that".split()),
}
NEGATED: dict[str, frozenset[str]] = {
    "en": frozenset(
        """not cannot don't doesn't didn't can't couldn't won't wouldn't shouldn't isn't aren't wasn't weren't haven't
        hasn't""".split()
    ),
}
"""Behind a subject alone they are an answer ("I don't"); where more goes before them, a verb should follow."""
INVERTED: dict[str, frozenset[str]] = {
    "en": frozenset("is are was were do does did can could will would should has have".split()),
}
"""After one of those, the first word asks: "When is it". Before a subject and nothing else, they lack a verb: "Do you"."""
OPEN_ENDS: dict[str, tuple[str, ...]] = {
    "zh": tuple(
        """然后 但是 可是 不过 而且 并且 所以 因为 如果 要是 虽然 那么 或者 还是 以及 就是 就是说 也就是 比如 比如说 例如
        那个 这个 的话 之前 之后 的时候 和 跟 与 或 把 被 给 从 在 向 往 比 让 叫 用 为 关于 我 我们 是 很 太 更 最 非常 比较
        特别 还有 另外 其实 嗯 呃 额 一个 一种 想要 打算 觉得 认为""".split()
    ),
    "ja": tuple(
        """けど けれど けれども が から ので のに たら れば なら と て で し は を に へ も や の とか って という たり
        ながら えっと えーと ええと あの あのー その そのー なんか まあ まぁ うーん それで そして でも だから しかし あと
        例えば たとえば""".split()
    ),
    "ko": tuple(
        """그리고 그런데 근데 그래서 하지만 그러면 그러니까 왜냐하면 만약 또 또는 및 음 그 저 저기 이제 막
        고 는데 은데 지만 니까 면 려고 서 거나 면서 은 는 을 를 의 에 에서 와 과 한테 으로 랑 하고""".split()
    ),
}
"""Where words have endings or no spaces between them: what the last letters are."""
CLOSING: dict[str, tuple[str, ...]] = {
    "en": (
        *("think so", "hope so", "guess so", "come in", "come on", "go on", "hold on", "hang on", "going on", "it on"),
        *("log in", "very well", "as well", "who i am", "where i am", "it is", "i am", "i will", "i would", "i could"),
        *("i can", "it was", "i was", "i like", "look like", "feel like", "sounds like", "would like"),
        *(
            "hope not",
            "guess not",
            "think not",
            "why not",
            "of course not",
            "maybe not",
            "or not",
            "if not",
            "better not",
        ),
        *("do it", "do this", "do that", "have it", "have this", "have that"),
    ),
    "zh": ("谢谢", "再见", "好的", "是的", "没有", "怎么用", "有用", "了", "吧", "呀", "啊", "啦", "哦"),
    "ja": tuple(
        """です ます ました でした ません だよ だね だった よね ですよ ですね ますよ ますね ください ないよ 思う した いいよ
        いいね ありがとう こんにちは こんばんは かな""".split()
    ),
    "ko": ("습니다", "니다", "요", "다", "어", "아", "네", "지", "야", "해", "죠"),
}
"""Ends of whole sentences, also where a shorter end of them is open."""
ASKING: dict[str, tuple[str, ...]] = {
    "zh": ("吗", "呢", "什么", "怎么办", "怎么样", "是谁", "哪里", "哪儿", "多少", "为什么"),
    "ja": ("ですか", "ますか", "ましたか", "でしたか", "ませんか", "でしょうか", "だろうか", "のか", "なの"),
    "ko": (
        "습니까",
        "십니까",
        "입니까",
        "합니까",
        "됩니까",
        "갑니까",
        "옵니까",
        "압니까",
        "까요",
        "나요",
        "할까",
        "뭐야",
    ),
}
"""Ends of questions, which need no mark to be known."""
