import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guestKernel } from '@worldswitch/guest-os';
import { describe, expect, it } from 'vitest';
import { ExitCode } from '../src/exit-codes.ts';
import { runCommand } from './run-command.ts';

const stat = (...args: readonly string[]) => runCommand('worldswitch', ['stat', ...args]);

describe('worldswitch stat', () => {
  it('prints one JSON document whose parts add up', () => {
    const { status, stdout, stderr } = stat('--program', 'hello', '--json', '--engine', 'interpreter');
    expect(status).toBe(ExitCode.ok);
    expect(stderr).toContain('Hello');
    const { instructions, engine, tlb, traps, end } = JSON.parse(stdout);
    expect(end).toBe('poweroff');
    expect(instructions.compiled + instructions.interpreted + instructions.reference).toBe(instructions.total);
    expect(instructions).toMatchObject({ compiled: 0 });
    expect(instructions.interpreted).toBeGreaterThan(instructions.reference);
    expect(engine.runMs).toBeGreaterThan(0);
    expect(engine.calls.steps).toBeGreaterThan(0);
    expect(tlb.misses).toBeLessThan(tlb.lookups);
    expect(traps['ecall-from-u']).toBeGreaterThan(0);
  });

  it('prints a table after what the program printed', () => {
    const { status, stdout, stderr } = stat('--program', 'hello');
    expect(status).toBe(ExitCode.ok);
    expect(stdout).toContain('Hello');
    expect(stderr).toMatch(/^ {2}interpreted +[\d,]+ +[\d.]+ %$/m);
    expect(stderr).toMatch(/ended: poweroff/);
  });

  it('counts for a kernel what it counts for a program', () => {
    const folder = mkdtempSync(join(tmpdir(), 'worldswitch-stat-'));
    try {
      const kernel = join(folder, 'kernel');
      writeFileSync(kernel, guestKernel('full'));
      const { status, stdout } = stat('--kernel', kernel, '--max-instructions', '400000', '--json');
      // It finds no /init, panics and switches the machine off with -1.
      expect(status).toBe(255);
      const { instructions, engine, tlb, traps, deviceAccesses } = JSON.parse(stdout);
      expect(instructions.compiled + instructions.interpreted + instructions.reference).toBe(instructions.total);
      expect(instructions.total).toBeGreaterThan(10_000);
      expect(engine).toMatchObject({
        runMs: expect.any(Number),
        compileMs: expect.any(Number),
        handlerMs: expect.any(Number),
      });
      expect(engine.regions).toBeGreaterThanOrEqual(engine.liveRegions);
      expect(tlb.hitRate).toBeCloseTo(1 - tlb.misses / tlb.lookups, 9);
      expect(deviceAccesses).toBeGreaterThanOrEqual(0);
      expect(Object.keys(traps).length).toBeGreaterThan(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('ends as the program ended', () => {
    const { status, stderr } = stat('illegal');
    expect(status).toBe(128 + 4);
    expect(stderr).toMatch(/ended: poweroff/);
  });

  it('refuses an initial RAM disk without a kernel', () => {
    expect(stat('--initrd', 'x').status).toBe(ExitCode.usage);
  });
});
