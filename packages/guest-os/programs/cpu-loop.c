/* cpu-loop N: N rounds of a xorshift generator (Marsaglia 2003); no memory, no system calls. */
#include "program.h"

int main(int argc, char **argv, char **envp) {
    (void)envp;
    u64 rounds = parse_number(argc > 1 ? argv[1] : NULL, 1000000), state = 88172645463325252UL;
    for (u64 i = 0; i < rounds; i++) {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
    }
    print("state: ");
    print_hex(state);
    print("\n");
    return 0;
}
