/* Memory and string functions; GCC also calls the first four by itself. */
#include "string.h"

#define WORD_ALIGNED(a, b) ((((u64)(a) | (u64)(b)) & 7) == 0)

void *memcpy(void *to, const void *from, size_t count) {
    u8 *d = to;
    const u8 *s = from;
    if (WORD_ALIGNED(d, s)) {
        for (; count >= 8; count -= 8, d += 8, s += 8) *(u64 *)d = *(const u64 *)s;
    }
    while (count-- > 0) *d++ = *s++;
    return to;
}

void *memmove(void *to, const void *from, size_t count) {
    u8 *d = to;
    const u8 *s = from;
    if (d <= s || d >= s + count) return memcpy(to, from, count);
    while (count-- > 0) d[count] = s[count];
    return to;
}

void *memset(void *to, int value, size_t count) {
    u8 *d = to;
    u64 word = (u8)value * 0x0101010101010101UL;
    for (; count > 0 && ((u64)d & 7) != 0; count--) *d++ = (u8)value;
    for (; count >= 8; count -= 8, d += 8) *(u64 *)d = word;
    while (count-- > 0) *d++ = (u8)value;
    return to;
}

int memcmp(const void *a, const void *b, size_t count) {
    const u8 *x = a, *y = b;
    for (; count > 0; count--, x++, y++) {
        if (*x != *y) return *x - *y;
    }
    return 0;
}

size_t strlen(const char *text) {
    size_t length = 0;
    while (text[length] != 0) length++;
    return length;
}

int strcmp(const char *a, const char *b) {
    while (*a != 0 && *a == *b) a++, b++;
    return (u8)*a - (u8)*b;
}

int strncmp(const char *a, const char *b, size_t count) {
    for (; count > 0; count--, a++, b++) {
        if (*a != *b || *a == 0) return (u8)*a - (u8)*b;
    }
    return 0;
}

void zero_page(void *page) {
    u64 *word = page, *end = word + PAGE_SIZE / 8;
    for (; word < end; word += 8) {
        word[0] = 0, word[1] = 0, word[2] = 0, word[3] = 0;
        word[4] = 0, word[5] = 0, word[6] = 0, word[7] = 0;
    }
}

void copy_page(void *to, const void *from) {
    u64 *d = to;
    const u64 *s = from;
    for (u64 i = 0; i < PAGE_SIZE / 8; i += 4) {
        u64 a = s[i], b = s[i + 1], c = s[i + 2], e = s[i + 3];
        d[i] = a, d[i + 1] = b, d[i + 2] = c, d[i + 3] = e;
    }
}
