/* Kernel messages. */
#include "print.h"

#include "arch/console.h"
#include "arch/irq.h"
#include "arch/power.h"
#include "string.h"

typedef __builtin_va_list va_list;

#define PANIC_EXIT_CODE 255

bool quiet;

struct line {
    char text[128];
    size_t used;
};

static void put(struct line *line, char c) {
    if (line->used == sizeof(line->text)) {
        console_write(line->text, line->used);
        line->used = 0;
    }
    line->text[line->used++] = c;
}

static void put_number(struct line *line, u64 value, u64 base) {
    char digits[20];
    int count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    while (count > 0) put(line, digits[--count]);
}

static void put_integer(struct line *line, char kind, bool is_long, va_list *arguments) {
    u64 value = is_long ? __builtin_va_arg(*arguments, u64) : (u64)(s64)__builtin_va_arg(*arguments, int);
    if (kind == 'd' && (s64)value < 0) {
        put(line, '-');
        value = -value;
    } else if (!is_long && kind != 'd') {
        value = (u32)value;
    }
    put_number(line, value, kind == 'x' ? 16 : 10);
}

static void print_arguments(const char *format, va_list *arguments) {
    struct line line = {.used = 0};
    for (; *format != 0; format++) {
        if (*format != '%') {
            put(&line, *format);
            continue;
        }
        bool is_long = *++format == 'l';
        if (is_long) format++;
        if (*format == 's') {
            for (const char *text = __builtin_va_arg(*arguments, const char *); *text != 0; text++) put(&line, *text);
        } else if (*format == 'c') {
            put(&line, (char)__builtin_va_arg(*arguments, int));
        } else if (*format == 'p') {
            put(&line, '0'), put(&line, 'x');
            put_number(&line, __builtin_va_arg(*arguments, u64), 16);
        } else if (*format == '%') {
            put(&line, '%');
        } else {
            put_integer(&line, *format, is_long, arguments);
        }
    }
    console_write(line.text, line.used);
}

void printk(const char *format, ...) {
    if (quiet) return;
    va_list arguments;
    __builtin_va_start(arguments, format);
    print_arguments(format, &arguments);
    __builtin_va_end(arguments);
}

void panic(const char *format, ...) {
    va_list arguments;
    local_irq_disable();
    console_write("kernel panic: ", 14);
    __builtin_va_start(arguments, format);
    print_arguments(format, &arguments);
    __builtin_va_end(arguments);
    console_write("\n", 1);
    power_off(PANIC_EXIT_CODE);
}
