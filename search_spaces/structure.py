"""What holds a space together: names that exist, conditions that can hold, no circles."""

from collections.abc import Collection, Mapping

from search_spaces.domains import Domain, Value
from search_spaces.expressions import Condition, Formula, parents_first
from search_spaces.wording import did_you_mean


def _parents(conditions: Mapping[str, Condition], formulas: Mapping[str, Formula]) -> dict[str, tuple[str, ...]]:
    return {
        name: (
            *(conditions[name].allowed if name in conditions else ()),
            *(formulas[name].names if name in formulas else ()),
        )
        for name in (*conditions, *formulas)
    }


def draw_order(
    parameters: Mapping[str, Domain], conditions: Mapping[str, Condition], formulas: Mapping[str, Formula]
) -> tuple[str, ...]:
    """Every parameter and formula, after those that it depends on, otherwise as given.

    Raises:
        ValueError: where they depend on one another in a circle.
    """
    return parents_first((*parameters, *formulas), _parents(conditions, formulas))


def check_structure(
    parameters: Mapping[str, Domain],
    conditions: Mapping[str, Condition],
    formulas: Mapping[str, Formula],
    *,
    hyperparameters: Collection[str],
) -> None:
    """Refuses what contradicts itself; ``hyperparameters`` are the names that a configuration can have.

    Raises:
        ValueError: one line that begins with the name of the parameter or formula.
    """
    known = (*parameters, *formulas)
    for name in formulas:
        if name in parameters:
            raise ValueError(f"{name}: has both a domain and a formula; take one of them out")
    for name, condition in conditions.items():
        if name not in known:
            raise ValueError(f"{name}: has a condition and no domain; {did_you_mean(name, known)}")
        for parent in condition.allowed:
            _check_parent(name, parent, parameters)
    for name, formula in formulas.items():
        for other in formula.names:
            _check_term(name, other, known, conditions, parameters)
    draw_order(parameters, conditions, formulas)
    asked = {name for when in conditions.values() for name in when.allowed}
    idle = idle_variables(parameters, formulas, hyperparameters) - asked
    if idle:
        name = min(idle, key=known.index)
        hint = did_you_mean(name, tuple(hyperparameters))
        raise ValueError(f"{name}: is no hyperparameter, and no formula uses it; {hint}")


def _check_parent(name: str, parent: str, parameters: Mapping[str, Domain]) -> None:
    if parent not in parameters:
        raise ValueError(
            f"{name}: when asks about {parent}, which is no parameter; {did_you_mean(parent, tuple(parameters))}"
        )
    if parameters[parent].grid() is None:
        raise ValueError(f"{name}: when asks about {parent}, which is a continuous range; give {parent} a choice")


def _check_term(
    name: str,
    other: str,
    known: tuple[str, ...],
    conditions: Mapping[str, Condition],
    parameters: Mapping[str, Domain],
) -> None:
    if other not in known:
        raise ValueError(f"{name}: its formula uses {other}, which is no parameter; {did_you_mean(other, known)}")
    if other in conditions:
        raise ValueError(f"{name}: its formula uses {other}, which is not always active; take its condition out")
    if other in parameters and any(isinstance(bound, str) for bound in parameters[other].bounds()):
        raise ValueError(f"{name}: its formula uses {other}, which is no number; received {parameters[other]}")


def idle_variables(
    parameters: Mapping[str, Domain], formulas: Mapping[str, Formula], hyperparameters: Collection[str]
) -> set[str]:
    """Variables that no hyperparameter's formula needs, not by way of other variables either."""
    needed = [name for name in formulas if name in hyperparameters]
    for name in needed:  # grows while it is gone through
        needed += [other for other in (formulas[name].names if name in formulas else ()) if other not in needed]
    return {name for name in (*parameters, *formulas) if name not in hyperparameters and name not in needed}


def resolve_conditions(
    parameters: Mapping[str, Domain], conditions: Mapping[str, Condition], *, asked: tuple[str, ...]
) -> dict[str, Condition | None]:
    """The conditions that these domains leave open: by name for whatever can still be active, None where it always is.

    Args:
        parameters: the domains, exchanged ones included.
        conditions: as they were, those of formulas too.
        asked: parameters whose domain somebody has just set.

    Raises:
        ValueError: where one of ``asked`` can never be active; one line that begins with its name.
    """
    names = tuple(dict.fromkeys((*parameters, *conditions)))
    left: dict[str, Condition | None] = {}
    for name in parents_first(names, {child: tuple(condition.allowed) for child, condition in conditions.items()}):
        condition = conditions.get(name)
        if condition is None:
            left[name] = None
            continue
        reached = {parent: _reached(parent, allowed, parameters, left) for parent, allowed in condition.allowed.items()}
        if all(reached.values()):
            open_ones = {
                parent: values
                for parent, values in reached.items()
                if left[parent] is not None or len(values) < len(parameters[parent].grid() or ())
            }
            left[name] = Condition(open_ones) if open_ones else None
        elif name in asked:
            raise ValueError(
                f"{name}: would never be active, it is so only if {condition}; leave it out, or change that"
            )
    return left


def _reached(
    parent: str, allowed: tuple[Value, ...], parameters: Mapping[str, Domain], left: Mapping[str, Condition | None]
) -> tuple[Value, ...]:
    """Those of the allowed values that the parent can still have; none where it is never active."""
    return tuple(value for value in allowed if parent in left and value in parameters[parent])
