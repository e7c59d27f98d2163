#include "fdt.h"

#include "string.h"

#define FDT_MAGIC 0xd00dfeed
#define FDT_BEGIN_NODE 1
#define FDT_END_NODE 2
#define FDT_PROP 3
#define FDT_NOP 4

/* Section 5.2: header fields, as indices of 32-bit cells. */
enum { MAGIC, TOTAL_SIZE, STRUCT_OFFSET, STRINGS_OFFSET, RESERVED_OFFSET, VERSION, LAST_COMPATIBLE };

u32 fdt_cell(const void *value, u32 index) {
    const u8 *byte = (const u8 *)value + index * 4;
    return (u32)byte[0] << 24 | (u32)byte[1] << 16 | (u32)byte[2] << 8 | byte[3];
}

u64 fdt_cell_pair(const void *value, u32 index) {
    return (u64)fdt_cell(value, index) << 32 | fdt_cell(value, index + 1);
}

bool fdt_is_valid(const void *dtb) {
    return fdt_cell(dtb, MAGIC) == FDT_MAGIC && fdt_cell(dtb, LAST_COMPATIBLE) <= 17;
}

u64 fdt_size(const void *dtb) {
    return fdt_cell(dtb, TOTAL_SIZE);
}

const char *fdt_name(fdt_node node) {
    return (const char *)(node + 1);
}

/* The token after the node's name. */
static const u32 *first_token(fdt_node node) {
    return node + 1 + ALIGN_UP(strlen(fdt_name(node)) + 1, 4) / 4;
}

static const u32 *after_property(const u32 *token) {
    return token + 3 + ALIGN_UP(fdt_cell(token, 1), 4) / 4;
}

fdt_node fdt_next(const void *dtb, fdt_node node, int *depth) {
    if (node == NULL) {
        *depth = 0;
        return (fdt_node)((const u8 *)dtb + fdt_cell(dtb, STRUCT_OFFSET));
    }
    const u32 *token = first_token(node);
    for (;;) {
        switch (fdt_cell(token, 0)) {
        case FDT_PROP: token = after_property(token); break;
        case FDT_NOP: token++; break;
        case FDT_BEGIN_NODE: ++*depth; return token;
        case FDT_END_NODE: --*depth; token++; break;
        default: return NULL; /* FDT_END, or not a tree */
        }
    }
}

const void *fdt_property(const void *dtb, fdt_node node, const char *name, u32 *length) {
    const char *strings = (const char *)dtb + fdt_cell(dtb, STRINGS_OFFSET);
    for (const u32 *token = first_token(node);; ) {
        u32 kind = fdt_cell(token, 0);
        if (kind == FDT_NOP) {
            token++;
        } else if (kind == FDT_PROP) {
            if (strcmp(strings + fdt_cell(token, 2), name) == 0) {
                if (length != NULL) *length = fdt_cell(token, 1);
                return token + 3;
            }
            token = after_property(token);
        } else {
            return NULL; /* properties come before sub-nodes (section 5.4.2) */
        }
    }
}

bool fdt_is_compatible(const void *dtb, fdt_node node, const char *compatible) {
    u32 length = 0;
    const char *list = fdt_property(dtb, node, "compatible", &length);
    for (u32 i = 0; list != NULL && i < length; i += strlen(list + i) + 1) {
        if (strcmp(list + i, compatible) == 0) return true;
    }
    return false;
}
