#include "asid.h"

#include "csr.h"

#define MOST_ASIDS 128

static u32 count; /* usable: 0 .. count - 1; 0 is the kernel's own and the shared one */
static bool in_use[MOST_ASIDS];

/* The number of ASID bits is found by writing ones (Privileged 1.12, section 4.1.11). */
void asid_init(void) {
    u64 satp = csr_read(satp);
    csr_write(satp, satp | SATP_ASID_MASK);
    u64 found = (csr_read(satp) & SATP_ASID_MASK) >> SATP_ASID_SHIFT;
    csr_write(satp, satp);
    count = found + 1 < MOST_ASIDS ? found + 1 : MOST_ASIDS;
}

u32 asid_alloc(void) {
    for (u32 i = 1; i < count; i++) {
        if (in_use[i]) continue;
        in_use[i] = true;
        return i;
    }
    return 0;
}

void asid_free(u32 asid) {
    if (asid == 0) return;
    asm volatile("sfence.vma x0, %0" ::"r"((u64)asid) : "memory");
    in_use[asid] = false;
}
