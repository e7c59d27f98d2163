# Prints a line and exits with 3 * 5 + 2, by the instructions of course-extension.ts.
        .globl  _start
        .text
_start: li      a0, 1               # standard output
        la      a1, text
        la      a2, end
        sub     a2, a2, a1
        li      a7, 64              # write
        ecall
        li      a1, 5
        weekday a2
        triple.add a0, a1, a2
        li      a7, 93              # exit
        ecall

        .data
text:   .ascii  "Triple it\n"
end:
