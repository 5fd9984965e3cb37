"""Scripts of Unicode characters (UAX 24), and their allowed mixtures (UTS 39 section 5)."""

from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import regex

_SCRIPTS = (
    "Adlm Aghb Ahom Arab Armi Armn Avst Bali Bamu Bass Batk Beng Berf Bhks Bopo Brah Brai Bugi "
    "Buhd Cakm Cans Cari Cham Cher Chrs Copt Cpmn Cprt Cyrl Deva Diak Dogr Dsrt Dupl Egyp Elba "
    "Elym Ethi Gara Geor Glag Gong Gonm Goth Gran Grek Gujr Gukh Guru Hang Hani Hano Hatr Hebr "
    "Hira Hluw Hmng Hmnp Hrkt Hung Ital Java Kali Kana Kawi Khar Khmr Khoj Kits Knda Krai Kthi "
    "Lana Laoo Latn Lepc Limb Lina Linb Lisu Lyci Lydi Mahj Maka Mand Mani Marc Medf Mend Merc "
    "Mero Miao Mlym Modi Mong Mroo Mtei Mult Mymr Nagm Nand Narb Nbat Newa Nkoo Nshu Ogam Olck "
    "Onao Orkh Orya Osge Osma Ougr Palm Pauc Perm Phag Phli Phlp Phnx Prti Rjng Rohg Runr Samr "
    "Sarb Saur Sgnw Shaw Shrd Sidd Sidt Sind Sinh Sogd Sogo Sora Soyo Sund Sunu Sylo Syrc Tagb "
    "Takr Tale Talu Taml Tang Tavt Tayo Telu Tfng Tglg Thaa Thai Tibt Tirh Tnsa Todr Tols Toto "
    "Tutg Ugar Vaii Vith Wara Wcho Xpeo Xsux Yezi Yiii Zanb Zinh Zyyy"
)
_WITH_LATIN = (
    frozenset({"Latn", "Hani", "Hira", "Kana"}),
    frozenset({"Latn", "Hani", "Bopo"}),
    frozenset({"Latn", "Hani", "Hang"}),
)
_ANY: frozenset[str] = frozenset()
"""The scripts of a character that goes with every script (Common and Inherited)."""
_COMMON = frozenset({"Zinh", "Zyyy"})
_UNKNOWN = frozenset({"Zzzz"})
APOSTROPHES = frozenset("\u02bb\u02bc")
"""Letters of Hawaiian and Ukrainian names, treated as Common."""


def is_highly_restrictive(text: str) -> bool:
    """Return whether the text is ASCII, of one script, or Latin with Chinese, Japanese or Korean
    (UTS 39 section 5.2, "Highly Restrictive"). Marks count by their script, too."""
    if text.isascii():
        return True
    scripts = {char_scripts for char_scripts in map(scripts_of, text) if char_scripts}
    if not scripts or frozenset.intersection(*scripts):
        return True
    return any(all(char_scripts & group for char_scripts in scripts) for group in _WITH_LATIN)


@lru_cache(maxsize=4096)
def scripts_of(char: str) -> frozenset[str]:
    """Return the Script_Extensions of a character; empty if it goes with every script."""
    if char.isascii():
        return frozenset({"Latn"}) if char.isalpha() else _ANY
    if char in APOSTROPHES:
        return _ANY
    scripts = frozenset(name for name, is_of in _script_patterns() if is_of.match(char))
    return _ANY if scripts & _COMMON else scripts or _UNKNOWN


def is_inherited(char: str) -> bool:
    """Return whether the script of a character is that of the letter before it."""
    import regex  # imported late: takes a megabyte and is rarely needed

    return regex.match(r"\p{Script=Inherited}", char) is not None


@lru_cache(maxsize=1)
def _script_patterns() -> tuple[tuple[str, "regex.Pattern[str]"], ...]:
    import regex

    names = _SCRIPTS.split()
    return tuple((name, regex.compile(rf"\p{{Script_Extensions={name}}}")) for name in names)
