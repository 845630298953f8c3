"""Drawing parts class by class, identical texts together."""

import numpy as np
import numpy.typing as npt

from tuner.data.text_dataset import Split

Rows = npt.NDArray[np.int64]


def assign(
    rows: Rows,
    groups: Rows,
    labels: npt.NDArray[np.int32],
    *,
    validation: float,
    test: float,
    rng: np.random.Generator,
) -> Rows:
    """Return the `Split` value (int64 [len(rows)]) of each of `rows`, in their order.

    groups, labels: of all rows of the data; rows of one group stay together. validation, test: shares of the rows, 0
    for no such part. Of every class, the shares are met within rounding as far as its groups allow; a part that is
    asked for has room for one row at least, and every class with two groups is both in training and validation.
    """
    members, group_of = np.unique(groups[rows], return_inverse=True)
    classes, class_of = np.unique(labels[rows], return_inverse=True)
    sizes = np.bincount(group_of, minlength=len(members))
    # Where labels conflict, the group counts for the class of its first row.
    main = np.empty(len(members), dtype=np.int64)
    main[group_of[::-1]] = class_of[::-1]
    parts = np.full(len(members), int(Split.TRAIN), dtype=np.int64)
    for number in range(len(classes)):
        own = rng.permutation(np.flatnonzero(main == number))
        total = int(sizes[own].sum())
        room = {Split.VALIDATION: _quota(validation, total), Split.TEST: 0}
        room[Split.TEST] = max(0, min(_quota(test, total), total - room[Split.VALIDATION] - 1))
        for group in own.tolist():
            for part in (Split.VALIDATION, Split.TEST):
                if sizes[group] <= room[part]:
                    parts[group] = part
                    room[part] -= int(sizes[group])
                    break
    if validation > 0:
        _spread(parts, sizes, np.unique(np.stack([group_of, class_of]), axis=1), len(classes))
    return parts[group_of]


def _quota(share: float, total: int) -> int:
    return max(1, int(share * total + 0.5)) if share > 0 else 0


def _spread(parts: Rows, sizes: Rows, pairs: Rows, classes: int) -> None:
    """Move groups so that every class with two groups has one in training and one in validation.

    pairs: the distinct (group, class) pairs, int64 [2, m]. A group moves only where no class loses its last group in a
    part by that; the smallest that may goes first. Changes `parts`.
    """
    presence = np.zeros((classes, len(Split)), dtype=np.int64)
    np.add.at(presence, (pairs[1], parts[pairs[0]]), 1)
    for number in np.flatnonzero((presence[:, Split.VALIDATION] == 0) | (presence[:, Split.TRAIN] == 0)):
        own = pairs[0][pairs[1] == number]
        if len(own) < 2:
            continue
        for wanted in (Split.TRAIN, Split.VALIDATION):
            if presence[number, wanted]:
                continue
            for group in own[np.argsort(sizes[own], kind="stable")]:
                source = parts[group]
                touched = pairs[1][pairs[0] == group]
                if source == Split.TEST or (presence[touched, source] > 1).all():
                    presence[touched, source] -= 1
                    presence[touched, wanted] += 1
                    parts[group] = wanted
                    break
