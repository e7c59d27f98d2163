/* How a program says its checksum where there is no libc: `checksum` and 16 hexadecimal digits on a line. */
#ifndef REPORT_H
#define REPORT_H

#include <stdint.h>

#define REPORT_BYTES 26

static inline void format_report(char *text, uint64_t sum)
{
	static const char label[] = "checksum ";
	uint32_t at = 0;
	for (; label[at]; at++)
		text[at] = label[at];
	for (int shift = 60; shift >= 0; shift -= 4)
		text[at++] = "0123456789abcdef"[(sum >> shift) & 15];
	text[at] = '\n';
}

/**
 * The size of the work where there is no command line: the file holds the 8 bytes of `mark` once, and whoever starts it
 * writes n into the 4 bytes after them.
 */
struct work_size {
	uint8_t mark[8];
	uint32_t n;
};
#define WORK_SIZE_MARK {'W', 'O', 'R', 'K', 'S', 'I', 'Z', 'E'}

#endif
