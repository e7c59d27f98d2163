/* The board's NS16550A UART (National Semiconductor PC16550D data sheet, section 8). */
#include "console.h"

#include "board.h"
#include "pagetable.h"
#include "sbi.h"
#include "tty.h"

enum { DATA = 0, INTERRUPT_ENABLE = 1, FIFO_CONTROL = 2, LINE_CONTROL = 3, LINE_STATUS = 5 };

#define RECEIVE_INTERRUPT 0x01
#define FIFO_ENABLE 0x01
#define EIGHT_BITS 0x03
#define DATA_READY 0x01
#define TRANSMITTER_EMPTY 0x20
#define FIFO_SIZE 16

static volatile u8 *uart;
static bool is_interrupt_enabled;

void console_init(void) {
    if (board.uart == 0) return;
    uart = physical_to_virtual(board.uart);
    uart[LINE_CONTROL] = EIGHT_BITS;
    console_interrupt(); /* turns the interrupt on, and takes what was typed before now: enabling the FIFOs clears them */
    uart[FIFO_CONTROL] = FIFO_ENABLE;
}

/* An empty transmitter takes a whole FIFO, so its status is read once for 16 characters. */
void console_write(const char *text, size_t count) {
    if (uart == NULL) {
        for (; count > 0; count--) sbi_console_putchar(*text++);
    }
    while (count > 0) {
        while (!(uart[LINE_STATUS] & TRANSMITTER_EMPTY));
        size_t burst = MIN(count, FIFO_SIZE);
        for (size_t i = 0; i < burst; i++) uart[DATA] = *text++;
        count -= burst;
    }
}

static void set_interrupt(bool is_enabled) {
    if (is_enabled == is_interrupt_enabled) return;
    is_interrupt_enabled = is_enabled;
    uart[INTERRUPT_ENABLE] = is_enabled ? RECEIVE_INTERRUPT : 0;
}

/* A full tty leaves characters in the FIFO; the interrupt would come again at once, so it is off until there is room. */
void console_interrupt(void) {
    while (tty_has_room()) {
        if (!(uart[LINE_STATUS] & DATA_READY)) return set_interrupt(true);
        tty_input((char)uart[DATA]);
    }
    set_interrupt(false);
}
