# SPDX-License-Identifier: MIT
"""Random programs, as data: a seed gives the same one everywhere and for ever.

A program is up to six functions; f0 is main. A function is a list of operations, one a line, blocks in
braces. A task of function f is known to all as slot f; a function starts, and waits for, only slots
above its own, so that nobody waits in a circle, but may cancel any. interpret.py knows what each
operation does; so does ../random_*.c.
"""

FUNCTIONS = 6


class Dice:
    """xorshift64*, and not Python's, which may change."""

    def __init__(self, seed):
        self.state = (seed * 0x9E3779B97F4A7C15 + 0x1234567) & (2**64 - 1) or 1
        for _ in range(4):
            self.below(2)

    def below(self, n):
        s = self.state
        s ^= s >> 12
        s = (s ^ s << 25) & (2**64 - 1)
        s ^= s >> 27
        self.state = s
        return ((s * 2685821657736338717 & (2**64 - 1)) >> 33) % n

    def of(self, items):
        return items[self.below(len(items))]


class Generator:
    def __init__(self, seed):
        self.dice = Dice(seed)
        self.lines = []
        d = self.dice
        # A theme makes operations meet that have to do with each other.
        themes = [
            ["tasks", "cancels", "waits"], ["tasks", "cancels", "groups"], ["tasks", "timeouts", "groups"],
            ["tasks", "cancels", "timeouts"], ["tasks", "locks", "cancels"], ["tasks", "conditions", "cancels"],
            ["tasks", "queues", "cancels"], ["tasks", "futures", "callbacks", "cancels"],
            ["tasks", "waits", "timeouts", "cancels"], ["tasks", "gathers", "cancels", "futures"],
            ["tasks", "locals", "groups", "timeouts"], ["tasks", "stops", "cancels", "waits"],
            ["tasks", "stops", "timeouts", "callbacks", "futures"],
            ["tasks", "barriers", "cancels", "timeouts"], ["tasks", "groups", "waits", "cancels", "gathers"],
            ["tasks", "cancels", "waits", "groups", "timeouts", "locks", "conditions", "queues", "futures",
             "callbacks", "gathers", "barriers", "locals", "stops"],
        ]
        self.theme = d.of(themes)
        self.functions = 2 + d.below(FUNCTIONS - 1)

    def delay(self):
        return 0 if self.dice.below(3) == 0 else 1 + self.dice.below(3000)

    def limit(self):
        return 0 if self.dice.below(6) == 0 else 1 + self.dice.below(2500)

    def emit(self, depth, text):
        self.lines.append("  " * depth + text)

    def block(self, f, depth, head, inside):
        self.emit(depth, head + " {")
        self.body(f, depth + 1, 1 + self.dice.below(3), inside)

    def above(self, f):
        return f + 1 + self.dice.below(self.functions - f - 1)

    def slots(self, f):
        return " ".join(str(self.above(f)) for _ in range(2 + self.dice.below(2)))

    # Each theme's operations: (weight, function of f, depth, inside).
    def choose(self, f, depth, inside):
        d, out = self.dice, []
        any_slot = d.below(self.functions)

        def add(weight, text, *needs):
            out.extend([text] * weight)

        up = f + 1 < self.functions
        for theme in self.theme:
            if theme == "tasks":
                add(4, f"sleep {self.delay()}")
                if up:
                    add(4, f"spawn {self.above(f)}")
                    add(1, f"eager {self.above(f)}")
                    add(2, f"await {self.above(f)}")
                    add(1, f"call {self.above(f)}")
                add(1, f"raise {d.below(9)}")
                if "finally" not in inside:
                    add(1, f"return {d.below(9)}")
                add(1, f"status {any_slot}")
                if depth < 3:
                    add(1, f"try {d.below(3)} {{")
                    add(1, "finally {")
            elif theme == "cancels":
                add(3, f"cancel {any_slot} {d.below(3)}")
                add(1, "cancel_self")
                add(1, "uncancel")
                if depth < 3:
                    add(2, f"try {d.below(3)} {{")
                    add(1, "finally {")
            elif theme == "waits" and up:
                add(2, f"wait {d.below(3)} {self.limit()} {self.slots(f)}")
                add(2, f"shield {self.above(f)}")
                add(1, f"completed {self.limit()} {self.slots(f)}")
                add(2, f"gather {d.below(2)} {self.slots(f)}")
            elif theme == "timeouts":
                if depth < 3:
                    add(4, f"timeout {self.limit()} {{")
                if "timeout" in inside:
                    add(3, f"reschedule {self.limit()}")
                if up:
                    add(2, f"wait_for {self.above(f)} {self.limit()}")
                    add(1, f"call_for {self.above(f)} {1 + self.limit()}")
            elif theme == "groups":
                if depth < 3:
                    add(4, "group {")
                if "group" in inside and up:
                    add(6, f"member {self.above(f)}")
                    add(1, f"eager_member {self.above(f)}")
            elif theme == "locks":
                if depth < 3:
                    add(3, f"lock {d.below(2)} {{")
                    add(3, f"semaphore {d.below(2)} {{")
                add(2, f"event_wait {d.below(2)}")
                add(2, f"event_set {d.below(2)}")
                add(1, f"event_clear {d.below(2)}")
            elif theme == "conditions":
                if depth < 3:
                    add(4, "condition {")
                if "condition" in inside:
                    add(6, "condition_wait")
                    add(3, f"notify {1 + d.below(3)}")
                else:
                    add(1, "notify 1")
            elif theme == "queues":
                q = d.below(3)
                add(3, f"put {q}")
                add(4, f"get {q}")
                add(1, f"put_nowait {q}")
                add(1, f"get_nowait {q}")
                add(1, f"task_done {q}")
                add(1, f"join {q}")
                if d.below(4) == 0:
                    add(1, f"queue_shutdown {q} {d.below(2)}")
            elif theme == "futures":
                k = d.below(3)
                add(3, f"future_await {k}")
                add(2, f"future_result {k} {d.below(9)}")
                add(1, f"future_exception {k} {d.below(9)}")
                add(2, f"future_cancel {k} {d.below(3)}")
                add(1, f"future_limit {k} {self.limit()}")
                add(1, f"future_shield {k}")
            elif theme == "callbacks":
                act, arg = d.below(4), any_slot
                add(2, f"future_callback {d.below(3)} {act} {arg}")
                add(1, f"future_remove {d.below(3)}")
                add(2, f"task_callback {any_slot} {act} {arg}")
                add(2, f"soon {act} {arg}")
                add(2, f"later {1 + d.below(2000)} {act} {arg}")
                add(1, "later_cancel")
            elif theme == "gathers" and up:
                add(3, f"gathering {d.below(2)} {self.slots(f)}")
                add(2, "gathering_await")
                add(2, f"gathering_cancel {d.below(3)}")
            elif theme == "locals":
                add(5, f"local_set {d.below(2)} {1 + d.below(9)}")
                add(6, f"local_get {d.below(2)}")
            elif theme == "stops":
                add(3, f"stop {any_slot}")
            elif theme == "barriers":
                add(4, "barrier")
                if d.below(3) == 0:
                    add(1, "barrier_reset")
                    add(1, "barrier_abort")
        return d.of(out)

    def body(self, f, depth, count, inside):
        for _ in range(count):
            op = self.choose(f, depth, inside)
            self.emit(depth, op)
            if op.endswith("{"):
                kind = op.split()[0]
                self.body(f, depth + 1, 1 + self.dice.below(4), inside | {kind})
                if kind == "finally":
                    self.emit(depth, "}")
                    self.emit(depth, "then {")
                    self.body(f, depth + 1, 1 + self.dice.below(2), inside | {"finally"})
                self.emit(depth, "}")

    def program(self):
        for f in range(self.functions):
            self.emit(0, f"function {f} {{")
            if f == 0:
                for other in range(1, self.functions):
                    if self.dice.below(3):
                        self.emit(1, f"spawn {other}")
                        if self.dice.below(3) == 0:
                            self.emit(1, "sleep 0")
            self.body(f, 1, 2 + self.dice.below(5), frozenset())
            self.emit(0, "}")
        return self.lines


def program(seed):
    return Generator(seed).program()
