#include "program.h"

#define OUTPUT_SIZE 512

static char output[OUTPUT_SIZE];
static size_t used;

size_t strlen(const char *text) {
    size_t length = 0;
    while (text[length] != 0) length++;
    return length;
}

int strcmp(const char *a, const char *b) {
    while (*a != 0 && *a == *b) a++, b++;
    return (u8)*a - (u8)*b;
}

void *memcpy(void *to, const void *from, size_t count) {
    u8 *d = to;
    const u8 *s = from;
    while (count-- > 0) *d++ = *s++;
    return to;
}

void *memset(void *to, int value, size_t count) {
    u8 *d = to;
    while (count-- > 0) *d++ = (u8)value;
    return to;
}

u64 parse_number(const char *text, u64 otherwise) {
    u64 value = 0;
    if (text == NULL || *text == 0) return otherwise;
    for (; *text != 0; text++) {
        if (*text < '0' || *text > '9') return otherwise;
        value = value * 10 + (u64)(*text - '0');
    }
    return value;
}

void write_all(int fd, const void *bytes, size_t count) {
    const char *from = bytes;
    while (count > 0) {
        long written = syscall(SYS_write, fd, from, count);
        if (written <= 0) return;
        from += written;
        count -= (size_t)written;
    }
}

void flush(void) {
    size_t count = used;
    used = 0;
    write_all(1, output, count);
}

void print_bytes(const void *bytes, size_t count) {
    for (const char *at = bytes; count > 0; count--, at++) {
        output[used++] = *at;
        if (used == OUTPUT_SIZE || *at == '\n') flush();
    }
}

void print(const char *text) {
    print_bytes(text, strlen(text));
}

static void print_in_base(u64 value, u64 base) {
    char digits[20];
    size_t at = sizeof(digits);
    do {
        digits[--at] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    print_bytes(digits + at, sizeof(digits) - at);
}

void print_number(u64 value) {
    print_in_base(value, 10);
}

void print_hex(u64 value) {
    print("0x");
    print_in_base(value, 16);
}

void print_line(const char *label, u64 value) {
    print(label);
    print(": ");
    print_number(value);
    print("\n");
}

void complain(const char *program, const char *what) {
    flush();
    write_all(2, program, strlen(program));
    write_all(2, ": ", 2);
    write_all(2, what, strlen(what));
    write_all(2, "\n", 1);
}
