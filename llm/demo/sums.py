"""Works out a small sum that somebody asks for."""

from __future__ import annotations

import re
from fractions import Fraction

UNDEFINED = "undefined"
"""The answer to a division by zero."""

LONGEST_RESULT = 30
"""Digits; nobody wants to hear more of them."""

_UNITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_TEENS = ("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen", "twenty")
_EN = {word: value for value, word in enumerate(_UNITS + _TEENS)}
_ZH = {**dict(zip("零一二三四五六七八九十", range(11), strict=True)), "两": 2}
_SIGNS = {
    "+": ("+", "＋", "plus", "加上", "加", "足す", "たす"),
    "-": ("-", "−", "–", "minus", "take away", "减去", "减", "引く", "ひく"),
    "*": ("*", "×", "x", "times", "multiplied by", "乘以", "乘", "掛ける", "かける"),
    "/": ("/", "÷", "divided by", "over", "除以", "割る", "わる"),
}
_SIGN_OF = {word: sign for sign, words in _SIGNS.items() for word in words}
_NUMBER = r"-?\d{1,12}(?:\.\d{1,6})?|(?<![a-z])(?:" + "|".join(_EN) + r")(?![a-z])|[零一二两三四五六七八九十]"
_SIGN = "|".join(re.escape(word) for word in sorted(_SIGN_OF, key=len, reverse=True))
_SUM = re.compile(rf"(?<![\w.:/-])(?:{_NUMBER})(?:\s*(?:{_SIGN})\s*(?:{_NUMBER}))+(?![\d:/-]|\.\d)", re.IGNORECASE)
_NEXT = re.compile(rf"\s*(?P<sign>{_SIGN})\s*(?P<number>{_NUMBER})", re.IGNORECASE)
_FIRST = re.compile(_NUMBER, re.IGNORECASE)
_BEYOND = re.compile(r"[()^%²³√]|percent|squared|root|power|次方|平方|百分")
_ASKED = re.compile(r"what|how much|calculate|sum|=|多少|几|等于|いくつ|いくら", re.IGNORECASE)


def answer(text: str) -> str | None:
    """The result of the first sum in ``text``, as it is spoken; UNDEFINED; or None when no sum is asked for.

    A sum counts when it is all there is, or when the text asks for one: "4-5 people" is no question.
    """
    found = _SUM.search(text)
    if not found or _BEYOND.search(text.lower()):
        return None
    whole = not text.replace(found[0], "", 1).strip(" .?!=？。！")
    if not whole and not _ASKED.search(text):
        return None
    return _worked_out(found[0])


def _worked_out(sum_: str) -> str | None:
    first = _FIRST.match(sum_)
    if not first:
        return None
    terms = [_value(first[0])]
    for step in _NEXT.finditer(sum_, first.end()):
        sign, value = _SIGN_OF[step["sign"].lower()], _value(step["number"])
        if sign == "/" and not value:
            return UNDEFINED
        if sign in "+-":
            terms.append(value if sign == "+" else -value)
        else:
            terms[-1] = terms[-1] * value if sign == "*" else terms[-1] / value
    result = _spoken(sum(terms, Fraction(0)))
    return result if len(result) <= LONGEST_RESULT else None


def _value(word: str) -> Fraction:
    small = {**_EN, **_ZH}.get(word.lower())
    return Fraction(word) if small is None else Fraction(small)


def _spoken(value: Fraction) -> str:
    """Exact where a few decimals can say it, otherwise rounded to three."""
    if value.denominator == 1:
        return str(value.numerator)
    exact = value * 10**6
    if exact.denominator == 1:
        digits = f"{abs(exact.numerator):07d}"
        return ("-" if value < 0 else "") + f"{digits[:-6]}.{digits[-6:].rstrip('0')}"
    return f"{float(value):.3f}"
