# SPDX-License-Identifier: MIT
"""
loophound_gdb - gdb sees coroutines. In the order in which a command is answered:

    program.py   the loops and tasks of the program, read so that nothing in it is believed
    waits.py     what a task waits for, in the words of runtime/dump/
    stacks.py    the frames of a suspended task, through gdb's Unwinder
    groups.py    which tasks have the same stack
    commands.py  what one types

Nothing is run in the program and nothing in it is changed, so a core file serves as well.
"""
