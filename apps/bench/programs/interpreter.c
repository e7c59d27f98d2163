/*
 * An interpreter of a small register machine, one switch in a loop. What it runs counts the steps of the Collatz
 * sequences of n times 1,000 starting values.
 */
#include "program.h"

enum operation {
	MOVE,
	CONSTANT,
	ADD,
	ADD_CONSTANT,
	MULTIPLY,
	SHIFT_RIGHT,
	AND_CONSTANT,
	XOR,
	LOAD,
	STORE,
	JUMP,
	JUMP_IF_ZERO,
	JUMP_IF_LESS,
	STOP,
};

struct instruction {
	uint8_t operation, target, left, right;
	int32_t constant;
};

/* Registers: 0 start, 1 limit, 2 value, 3 steps, 4 scratch, 5 mixed, 6 three, 7 one. */
static const struct instruction program[] = {
	{CONSTANT, 6, 0, 0, 3},
	{CONSTANT, 7, 0, 0, 1},
	/* 2: next starting value */
	{MOVE, 2, 0, 0, 0},
	{CONSTANT, 3, 0, 0, 0},
	/* 4: one step */
	{ADD_CONSTANT, 3, 3, 0, 1},
	{AND_CONSTANT, 4, 2, 0, 1},
	{JUMP_IF_ZERO, 0, 4, 0, 10},
	{MULTIPLY, 2, 2, 6, 0},
	{ADD_CONSTANT, 2, 2, 0, 1},
	{JUMP, 0, 0, 0, 11},
	/* 10: an even value */
	{SHIFT_RIGHT, 2, 2, 0, 1},
	/* 11 */
	{JUMP_IF_LESS, 0, 7, 2, 4},
	/* one sequence is at its end: a histogram in memory */
	{AND_CONSTANT, 4, 3, 0, 63},
	{LOAD, 5, 4, 0, 0},
	{ADD, 5, 5, 3, 0},
	{XOR, 5, 5, 0, 0},
	{STORE, 5, 4, 0, 0},
	{ADD_CONSTANT, 0, 0, 0, 1},
	{JUMP_IF_LESS, 0, 0, 1, 2},
	{STOP, 0, 0, 0, 0},
};

static uint32_t memory[64];

static void interpret(uint32_t start, uint32_t limit)
{
	uint32_t registers[8] = {start, limit, 0, 0, 0, 0, 0, 0};
	const struct instruction *pc = program;
	for (;;) {
		const struct instruction *at = pc++;
		switch (at->operation) {
		case MOVE:
			registers[at->target] = registers[at->left];
			break;
		case CONSTANT:
			registers[at->target] = (uint32_t)at->constant;
			break;
		case ADD:
			registers[at->target] = registers[at->left] + registers[at->right];
			break;
		case ADD_CONSTANT:
			registers[at->target] = registers[at->left] + (uint32_t)at->constant;
			break;
		case MULTIPLY:
			registers[at->target] = registers[at->left] * registers[at->right];
			break;
		case SHIFT_RIGHT:
			registers[at->target] = registers[at->left] >> at->constant;
			break;
		case AND_CONSTANT:
			registers[at->target] = registers[at->left] & (uint32_t)at->constant;
			break;
		case XOR:
			registers[at->target] = registers[at->left] ^ registers[at->right];
			break;
		case LOAD:
			registers[at->target] = memory[registers[at->left] & 63];
			break;
		case STORE:
			memory[registers[at->left] & 63] = registers[at->target];
			break;
		case JUMP:
			pc = program + at->constant;
			break;
		case JUMP_IF_ZERO:
			if (registers[at->left] == 0)
				pc = program + at->constant;
			break;
		case JUMP_IF_LESS:
			if (registers[at->left] < registers[at->right])
				pc = program + at->constant;
			break;
		case STOP:
			return;
		}
	}
}

uint64_t work(uint32_t n)
{
	uint64_t sum = CHECKSUM_START;
	if (n == 0)
		return 0;
	interpret(1, 1000 * n + 1);
	for (int i = 0; i < 64; i++)
		sum = checksum(sum, memory[i]);
	return sum;
}
