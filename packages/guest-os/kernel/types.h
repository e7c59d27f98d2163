/* Fixed-width types and the few helpers every file needs. */
#pragma once

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef signed int s32;
typedef signed long s64;
typedef u64 size_t;

#define NULL ((void *)0)
#define bool _Bool
#define true 1
#define false 0

#define PAGE_SHIFT 12
#define PAGE_SIZE (1UL << PAGE_SHIFT)
#define PAGE_MASK (~(PAGE_SIZE - 1))
#define ALIGN_UP(value, to) (((value) + (to) - 1) & ~((u64)(to) - 1))
#define ALIGN_DOWN(value, to) ((value) & ~((u64)(to) - 1))
#define MIN(a, b) ((a) < (b) ? (a) : (b))
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))
#define offsetof(type, member) __builtin_offsetof(type, member)
