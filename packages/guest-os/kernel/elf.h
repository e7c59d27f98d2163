/* ELF-64 (System V ABI, "Object Files" and "Program Loading"). */
#pragma once
#include "types.h"

#define ELF_MAGIC "\177ELF\2\1\1" /* 64-bit, little-endian, version 1 */
#define ET_EXEC 2
#define EM_RISCV 243
#define PT_LOAD 1
#define PF_X 1
#define PF_W 2
#define PF_R 4

struct elf_header {
    u8 identification[16];
    u16 type, machine;
    u32 version;
    u64 entry, program_headers, section_headers;
    u32 flags;
    u16 size, program_header_size, program_header_count, section_header_size, section_header_count, names;
};

struct elf_program_header {
    u32 type, flags;
    u64 offset, address, physical, file_size, memory_size, align;
};
