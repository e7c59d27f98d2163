import { arch, cpus, platform, release, totalmem } from 'node:os';
import type { System } from './systems.ts';

/** What the figures belong to. */
export function describeMachine(present: readonly System[]): Record<string, unknown> {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? 'unknown',
    cores: processors.length,
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    system: `${platform()} ${release()} ${arch()}`,
    node: process.version,
    versions: Object.fromEntries(present.map((system) => [system.name, system.version()])),
  };
}
