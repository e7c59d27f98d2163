#include "sbi.h"

#define EXTENSION_TIME 0x54494d45 /* chapter 6 */
#define EXTENSION_SYSTEM_RESET 0x53525354 /* chapter 10 */
#define EXTENSION_LEGACY_PUTCHAR 1 /* chapter 5 */

static void call(u64 extension, u64 function, u64 first, u64 second) {
    register u64 a0 asm("a0") = first;
    register u64 a1 asm("a1") = second;
    register u64 a6 asm("a6") = function;
    register u64 a7 asm("a7") = extension;
    asm volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
}

void sbi_set_timer(u64 deadline) {
    call(EXTENSION_TIME, 0, deadline, 0);
}

void sbi_console_putchar(char c) {
    call(EXTENSION_LEGACY_PUTCHAR, 0, (u8)c, 0);
}

void sbi_shutdown(bool failed) {
    call(EXTENSION_SYSTEM_RESET, 0, 0, failed); /* type 0 = shutdown; reason 1 = system failure */
    for (;;) asm volatile("wfi");
}
