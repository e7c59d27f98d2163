import type { WorldDefinition, WorldSpec } from '@worldswitch/contracts';
import { createInitrd, guestKernel } from '@worldswitch/guest-os';
import { processWorld } from '@worldswitch/host-os';
import { fullWorld } from '@worldswitch/vmm-full';
import { describe, expect, it } from 'vitest';
import { reportText } from '../node/verbs/report-text.ts';
import { builtInProgram } from './built-in-program.ts';
import { type CompareOptions, compare } from './compare.ts';

const program = builtInProgram('hello', []);
/** It does the same, and is another file. */
const another = { ...program, image: Uint8Array.of(...program.image, 0) };
const options = (worlds: CompareOptions['worlds']): CompareOptions => ({
  program,
  worlds,
  rounds: 0,
  unmodifiedKernel: guestKernel('full'),
  paravirtualKernel: guestKernel('para'),
});
const swapped = (definition: WorldDefinition, spec: Partial<WorldSpec>): WorldDefinition => ({
  ...definition,
  name: 'swapped',
  create: (host, given) => definition.create(host, { ...given, ...spec }),
});

describe('compare', () => {
  it('finds the program that it was given in every world', () => {
    const report = compare(options(['bare', 'full', 'para', 'container', 'process']));
    expect(report.worlds.map((world) => world.programSha256)).toEqual(Array(5).fill(report.program.sha256));
    expect(report.identical).toBe(true);
  });

  it.each([
    ['a process of another file', swapped(processWorld, { program: another })],
    [
      'a guest with another program in its initrd',
      swapped(fullWorld, {
        guest: {
          kernel: guestKernel('full'),
          initrd: createInitrd({ program: { path: program.arguments[0]!, data: another.image } }),
          bootArguments: `init=${program.arguments[0]} quiet`,
        },
      }),
    ],
  ])('notices %s, though it prints the same', (_, definition) => {
    const report = compare(options(['process', definition]));
    const [right, wrong] = report.worlds;
    expect(wrong).toMatchObject({ reason: 'exited', output: right!.output, exitCode: right!.exitCode });
    expect(right!.programSha256).toBe(report.program.sha256);
    expect(wrong!.programSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(wrong!.programSha256).not.toBe(report.program.sha256);
    expect(report.identical).toBe(false);
    expect(reportText(report)).toContain('swapped: it runs another program, sha256 ');
  });

  it('says nothing of the program of a world that does not tell', () => {
    const silent: WorldDefinition = {
      ...processWorld,
      name: 'silent',
      create: (host, spec) => ({ ...processWorld.create(host, spec), programSource: () => undefined }),
    };
    const report = compare(options([silent]));
    expect(report.worlds[0]).not.toHaveProperty('programSha256');
  });
});
