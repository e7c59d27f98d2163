/* A reader for flattened device trees (Devicetree Specification v0.4, chapter 5). */
#pragma once
#include "types.h"

/* A node is the address of its FDT_BEGIN_NODE token; NULL is "no node". */
typedef const u32 *fdt_node;

/* False when `dtb` is not a device tree of a version this reader knows. */
bool fdt_is_valid(const void *dtb);
u64 fdt_size(const void *dtb);

/* The first node (the root) when `node` is NULL, else the next in document order; `depth` is kept up to date. */
fdt_node fdt_next(const void *dtb, fdt_node node, int *depth);
const char *fdt_name(fdt_node node);

/* The value of a property, or NULL; its length in bytes goes to `length` when that is not NULL. */
const void *fdt_property(const void *dtb, fdt_node node, const char *name, u32 *length);
bool fdt_is_compatible(const void *dtb, fdt_node node, const char *compatible);

/* Big-endian cells. */
u32 fdt_cell(const void *value, u32 index);
u64 fdt_cell_pair(const void *value, u32 index);
