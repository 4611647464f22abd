"""Given names that stand for each other: a short list of frequent English ones (pure).

It can only add evidence: what is not in it is judged by its spelling.
"""

from __future__ import annotations

from typing import Final

_GROUPS: Final = """
abigail abby gail
albert al bert
alexander alex sandy sasha alec
alexandra alex sandra sasha
alfred alf fred
andrew andy drew
anne ann anna annie nancy
anthony tony
barbara barb babs
benjamin ben benny
catherine katherine kathryn kate katie kathy cathy kitty
charles charlie chuck
christina christine chris tina
christopher chris kit
daniel dan danny
david dave
deborah debra deb debbie
donald don
dorothy dot dolly
edward ed eddie ned ted
eleanor ellie nell nora
elizabeth liz lizzie beth betty betsy eliza lisa elsa
eugene gene
florence flo
frances fran fanny
francis frank
frederick fred freddy
gerald gerry jerry
gregory greg
harold harry hal
helen nell nellie
henry harry hank hal
isabella bella isabel
jacob jake
jacqueline jackie
james jim jimmy jamie
jennifer jen jenny
jessica jess jessie
john jack johnny
jonathan jon
joseph joe joey
joshua josh
judith judy
kenneth ken kenny
lawrence larry
leonard len lenny leo
margaret maggie meg peggy rita greta daisy
martha patty
matthew matt
michael mike mick mickey
nathaniel nathan nate
nicholas nick
pamela pam
patricia pat patty tricia trish
patrick pat paddy
peter pete
philip phil
rebecca becky
richard dick rick ricky
robert bob bobby rob robbie bert
ronald ron ronnie
samuel sam sammy
samantha sam
stephen steven steve
susan sue suzanne susie
theodore ted teddy theo
theresa terry tess
thomas tom tommy
timothy tim
victoria vicky
vincent vince
virginia ginny
walter walt wally
william bill billy will willie liam
zachary zach
"""

GROUPS: Final = tuple(frozenset(line.split()) for line in _GROUPS.strip().splitlines())


def _by_name() -> dict[str, frozenset[int]]:
    names = frozenset[str]().union(*GROUPS)
    return {
        name: frozenset(at for at, group in enumerate(GROUPS) if name in group) for name in names
    }


_KNOWN: Final = _by_name()
_NONE: Final = frozenset[int]()


def stand_for_each_other(one: str, other: str) -> bool:
    """Whether both, folded, are forms of one name: Bob and Robert, Bob and Rob."""
    return not _KNOWN.get(one, _NONE).isdisjoint(_KNOWN.get(other, _NONE))
