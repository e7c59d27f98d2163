/* CRC-32 (IEEE 802.3, reflected 0xedb88320) with a table of 256 words, n times over 64 KiB. */
#include "program.h"

#define BUFFER_BYTES 65536

static uint8_t buffer[BUFFER_BYTES];
static uint32_t table[256];

static void prepare(void)
{
	uint32_t seed = 1;
	for (uint32_t i = 0; i < BUFFER_BYTES; i++)
		buffer[i] = (uint8_t)next_random(&seed);
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t value = i;
		for (int bit = 0; bit < 8; bit++)
			value = (value >> 1) ^ (value & 1 ? 0xedb88320u : 0);
		table[i] = value;
	}
}

uint64_t work(uint32_t n)
{
	uint32_t crc = 0xffffffffu;
	if (n == 0)
		return 0;
	prepare();
	for (uint32_t round = 0; round < n; round++)
		for (uint32_t i = 0; i < BUFFER_BYTES; i++)
			crc = table[(crc ^ buffer[i]) & 0xff] ^ (crc >> 8);
	return ~crc;
}
