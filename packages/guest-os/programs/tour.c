/*
 * The default program of the comparison: a bit of everything a kernel does for a program. What it prints does not depend
 * on time, process numbers or addresses.
 */
#include "program.h"

#define SYSTEM_CALLS 400
#define STACK_PAGES 24
#define HEAP_PAGES 48
#define MAPPED_PAGES 64
#define SIEVE_SIZE 100000
#define CHECKSUM_ROUNDS 40
#define CHILDREN 4
#define PIPE_ROUNDS 60

static void make_system_calls(void) {
    u64 made = 0;
    for (u64 i = 0; i < SYSTEM_CALLS; i++) {
        if (syscall(SYS_getppid) >= 0) made++;
    }
    print_line("system calls made", made);
}

/* One page of stack a level; the volatile store keeps the page and the call. */
static u64 __attribute__((noinline)) descend(u64 levels) {
    volatile u64 page[PAGE_SIZE / sizeof(u64)];
    page[0] = levels;
    return levels == 0 ? 0 : descend(levels - 1) + page[0];
}

static void touch_memory(void) {
    print_line("stack levels summed", descend(STACK_PAGES));

    u8 *heap = (u8 *)syscall(SYS_brk, 0);
    u64 sum = 0;
    if ((u8 *)syscall(SYS_brk, heap + HEAP_PAGES * PAGE_SIZE) == heap + HEAP_PAGES * PAGE_SIZE) {
        for (u64 i = 0; i < HEAP_PAGES; i++) heap[i * PAGE_SIZE] = (u8)(i + 1);
        for (u64 i = 0; i < HEAP_PAGES; i++) sum += heap[i * PAGE_SIZE];
        syscall(SYS_brk, heap);
    }
    print_line("heap pages summed", sum);

    u8 *pages = map_pages(MAPPED_PAGES);
    sum = 0;
    for (u64 i = 0; pages != NULL && i < MAPPED_PAGES; i++) *(u64 *)(pages + i * PAGE_SIZE + 8 * i) = i;
    for (u64 i = 0; pages != NULL && i < MAPPED_PAGES; i++) sum += *(u64 *)(pages + i * PAGE_SIZE + 8 * i);
    if (pages != NULL) unmap_pages(pages, MAPPED_PAGES);
    print_line("mapped pages summed", sum);
}

static u8 composite[SIEVE_SIZE];

static u64 count_primes(void) {
    u64 count = 0;
    for (u64 i = 2; i < SIEVE_SIZE; i++) {
        if (composite[i]) continue;
        count++;
        for (u64 j = i * i; j < SIEVE_SIZE; j += i) composite[j] = 1;
    }
    return count;
}

/* Fletcher's checksum with 32-bit halves over the sieve, several times. */
static u64 checksum(void) {
    u32 low = 1, high = 0;
    for (u64 round = 0; round < CHECKSUM_ROUNDS; round++) {
        for (u64 i = round; i < SIEVE_SIZE; i += 7) {
            low += composite[i] + (u32)i;
            high += low;
        }
    }
    return (u64)high << 32 | low;
}

static void compute(void) {
    print_line("primes below 100000", count_primes());
    print("checksum: ");
    print_hex(checksum());
    print("\n");
}

static u64 shared_value = 1000;

/* Each child changes a page that it shares with its parent until then. */
static void fork_children(void) {
    u64 sum = 0;
    for (u64 i = 1; i <= CHILDREN; i++) {
        if (fork() == 0) {
            shared_value += i;
            exit((int)(shared_value - 1000) * 10);
        }
        u32 status = 0;
        wait_for_child(&status);
        sum += status;
    }
    print_line("children's codes summed", sum);
    print_line("parent's value", shared_value);
}

static void play_ping_pong(void) {
    int ping[2], pong[2];
    u64 value = 0;
    u32 status;
    if (syscall(SYS_pipe2, ping, 0) != 0 || syscall(SYS_pipe2, pong, 0) != 0) return;
    if (fork() == 0) {
        for (u64 i = 0; i < PIPE_ROUNDS; i++) {
            syscall(SYS_read, ping[0], &value, sizeof(value));
            value = value * 3 + 1;
            syscall(SYS_write, pong[1], &value, sizeof(value));
        }
        exit(0);
    }
    for (u64 i = 0; i < PIPE_ROUNDS; i++) {
        syscall(SYS_write, ping[1], &value, sizeof(value));
        syscall(SYS_read, pong[0], &value, sizeof(value));
    }
    wait_for_child(&status);
    print("ping-pong value: ");
    print_hex(value);
    print("\n");
}

int main(int argc, char **argv, char **envp) {
    (void)envp;
    print("A tour of the kernel\n");
    for (int i = 1; i < argc; i++) {
        print("argument: ");
        print(argv[i]);
        print("\n");
    }
    make_system_calls();
    touch_memory();
    compute();
    fork_children();
    play_ping_pong();
    print("The tour is over\n");
    return 0;
}
