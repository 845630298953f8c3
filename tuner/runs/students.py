"""What a run knows of its students: the last of each name, unless that came to nothing."""

from tuner.runs.events import StudentEnded


def take_in(students: dict[str, StudentEnded], event: StudentEnded) -> bool:
    """Takes in how a student ended, and says whether another stood in its place, with weights and results of its own.

    A student that came to nothing leaves a completed one of its name, whose weights are still there, as it was.
    """
    before = students.get(event.student)
    completed = before is not None and before.status == "completed"
    if completed and event.status != "completed":
        return False
    students[event.student] = event
    return completed
