/*
 * Five bodies under gravity, symplectic Euler steps of 0.01 with doubles, n times 1,000 steps. The bodies are of our own
 * making: a heavy one and four around it, in units in which the constant of gravity is 1.
 */
#include "program.h"

#define BODIES 5
#define STEPS 1000

struct body {
	double x, y, z, vx, vy, vz, mass;
};

static struct body bodies[BODIES];

static void prepare(void)
{
	static const struct body start[BODIES] = {
		{0, 0, 0, 0, 0, 0, 40},
		{5, 0, 0.25, 0.125, 2.75, 0, 0.0375},
		{-9, 1, -0.5, 0, -2, 0.0625, 0.0125},
		{1, 14, 0.5, -1.75, 0.125, 0, 0.002},
		{2, -19, 1, 1.4375, 0, -0.03125, 0.0025},
	};
	for (int i = 0; i < BODIES; i++)
		bodies[i] = start[i];
}

static void advance(double step)
{
	for (int i = 0; i < BODIES; i++) {
		struct body *a = &bodies[i];
		for (int j = i + 1; j < BODIES; j++) {
			struct body *b = &bodies[j];
			double dx = a->x - b->x;
			double dy = a->y - b->y;
			double dz = a->z - b->z;
			double square = dx * dx + dy * dy + dz * dz;
			double pull = step / (square * __builtin_sqrt(square));
			a->vx -= dx * b->mass * pull;
			a->vy -= dy * b->mass * pull;
			a->vz -= dz * b->mass * pull;
			b->vx += dx * a->mass * pull;
			b->vy += dy * a->mass * pull;
			b->vz += dz * a->mass * pull;
		}
	}
	for (int i = 0; i < BODIES; i++) {
		bodies[i].x += step * bodies[i].vx;
		bodies[i].y += step * bodies[i].vy;
		bodies[i].z += step * bodies[i].vz;
	}
}

uint64_t work(uint32_t n)
{
	uint64_t sum = CHECKSUM_START;
	prepare();
	for (uint32_t round = 0; round < n; round++) {
		for (uint32_t step = 0; step < STEPS; step++)
			advance(0.01);
		for (int i = 0; i < BODIES; i++)
			sum = checksum(checksum(sum, bits_of(bodies[i].x)), bits_of(bodies[i].vy));
	}
	return sum;
}
