"""Questions that threads ask together: while one is on its way, those of other threads gather, and the next statement takes them all.

A lone question waits for nothing: there is no timer. None joins a statement that has been sent, so each is answered from a
state of the database that is no older than the question: what was revoked before it came is never seen alive.

Measured for the introspection of a JWT, eight callers that never rest, milliseconds of processor time a request, web process and
PostgreSQL: alone 0.55 + 0.12, with one statement on its way at a time 0.40 + 0.06, with two 0.46 + 0.09. (Other work had the
machine; the quiet bench of docs/performance.md has less of both.)
"""

from __future__ import annotations

import copy
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Final, Generic, TypeVar

KeyT = TypeVar("KeyT")
AnswerT = TypeVar("AnswerT")

# How long one waits behind a statement that does not come back, since its connection may be stuck, before one goes ahead beside it.
PATIENCE_SECONDS: Final = 0.05


class _Question(Generic[KeyT, AnswerT]):
    """What one thread wants to know, and what it is woken with: an answer, an error, or the turn to ask."""

    __slots__ = ("answer", "bell", "error", "has_turn", "key")

    answer: AnswerT

    def __init__(self, key: KeyT) -> None:
        self.key = key
        self.error: BaseException | None = None
        self.has_turn = False
        # Released once, by another thread; an Event would cost ten times as much.
        self.bell = threading.Lock()


class Together(Generic[KeyT, AnswerT]):
    """One kind of question.

    Args:
        ask: answers several, each at its place; called by one of the threads that wait for an answer.
        most: that ``ask`` takes at once.
    """

    def __init__(self, ask: Callable[[Sequence[KeyT]], Sequence[AnswerT]], most: int) -> None:
        self._ask = ask
        self._most = most
        self._lock = threading.Lock()
        self._on_their_way = 0
        self._waiting: deque[_Question[KeyT, AnswerT]] = deque()

    def one(self, key: KeyT) -> AnswerT:
        """The answer to one question.

        Raises:
            Exception: whatever ``ask`` raised; everybody whom it asked for hears of it.
        """
        question = _Question[KeyT, AnswerT](key)
        if not self._comes_first(question):
            while not question.bell.acquire(timeout=PATIENCE_SECONDS):
                self._steps_forward(question)
        if question.has_turn:
            self._answer([question, *self._gathered()])
        if question.error is not None:
            raise question.error
        return question.answer

    def _comes_first(self, question: _Question[KeyT, AnswerT]) -> bool:
        """Whether it goes at once; otherwise it waits behind what is on its way."""
        with self._lock:
            question.has_turn = not self._on_their_way
            if question.has_turn:
                self._on_their_way += 1
            else:
                question.bell.acquire()
                self._waiting.append(question)
            return question.has_turn

    def _steps_forward(self, question: _Question[KeyT, AnswerT]) -> None:
        """Give it a turn, unless somebody is asking for it already."""
        with self._lock:
            if question not in self._waiting:
                return
            self._waiting.remove(question)
            self._on_their_way += 1
        question.has_turn = True
        question.bell.release()

    def _gathered(self) -> list[_Question[KeyT, AnswerT]]:
        with self._lock:
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), self._most - 1))]

    def _answer(self, questions: list[_Question[KeyT, AnswerT]]) -> None:
        others = questions[1:]
        try:
            answers = self._ask([question.key for question in questions])
            for question, answer in zip(questions, answers, strict=True):
                question.answer = answer
        except BaseException as error:
            # A copy for each, since to raise an error is to write into it.
            for question in others:
                question.error = copy.copy(error)
            raise
        finally:
            self._pass_on()
            for question in others:
                question.bell.release()

    def _pass_on(self) -> None:
        """Give the turn to whoever has waited longest."""
        with self._lock:
            if not self._waiting:
                self._on_their_way -= 1
                return
            following = self._waiting.popleft()
        following.has_turn = True
        following.bell.release()
