/* The console is the hypervisor's: a whole buffer a call. */
#include "console.h"

#include "para/hypercall.h"
#include "tty.h"

void console_init(void) {}

void console_write(const char *text, size_t count) {
    while (count > 0) {
        long written = hypercall3(HYPERCALL_console_io, CONSOLEIO_WRITE, count, (u64)text);
        if (written <= 0) return;
        text += written, count -= (size_t)written;
    }
}

void console_interrupt(void) {
    char buffer[64];
    long count;
    while ((count = hypercall3(HYPERCALL_console_io, CONSOLEIO_READ, sizeof(buffer), (u64)buffer)) > 0) {
        for (long i = 0; i < count; i++) tty_input(buffer[i]);
    }
}
