/* memory-walk N: touches N fresh pages, each a page fault, then walks them in a scattered order and sums them up. */
#include "program.h"

#define STEP 7919 /* a prime: visits every page once when N is no multiple of it */

int main(int argc, char **argv, char **envp) {
    (void)envp;
    u64 count = parse_number(argc > 1 ? argv[1] : NULL, 256), sum = 0, at = 0;
    u8 *pages = count == 0 ? NULL : map_pages(count);
    if (pages == NULL) {
        complain(argv[0], "no memory for so many pages");
        return 1;
    }
    for (u64 i = 0; i < count; i++) *(u64 *)(pages + i * PAGE_SIZE) = i * i;
    for (u64 i = 0; i < count; i++) {
        sum = sum * 31 + *(u64 *)(pages + at * PAGE_SIZE);
        at = (at + STEP) % count;
    }
    unmap_pages(pages, count);
    print_line("pages", count);
    print("checksum: ");
    print_hex(sum);
    print("\n");
    return 0;
}
