import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  type Bundle,
  bundleFromFiles,
  type Container,
  ContainersError,
  createContainerRuntime,
} from '@worldswitch/containers';
import { HostOsError } from '@worldswitch/host-os';
import { createHost } from '../../compare/worlds.ts';
import { ExitCode, UserError } from '../../exit-codes.ts';
import { readInput, readTree, standardInput } from '../files/input.ts';
import { writeAll } from '../files/output.ts';

export interface ContainerFlags {
  readonly do: readonly string[];
  readonly id: string;
  readonly interactive?: boolean;
  readonly maxInstructions?: number;
}

const steps = ['create', 'start', 'run-for', 'wait', 'state', 'kill', 'delete'];
const defaultStretch = 1_000_000;

/**
 * Takes a bundle through operations of the OCI life cycle, one after the other on one host: `create`, `start`, `state`,
 * `kill=SIGNAL`, `delete`, and between them `run-for=INSTRUCTIONS` and `wait`, which let time pass.
 */
export async function containerVerb(path: string, flags: ContainerFlags): Promise<number> {
  for (const step of flags.do) {
    if (!steps.includes(step.split('=')[0] ?? '')) {
      throw new UserError(`--do: '${step}' is no operation; there are ${steps.join(', ')}`, ExitCode.usage);
    }
  }
  const bundle = readBundle(path);
  const host = createHost({});
  const runtime = createContainerRuntime(host);
  const input = standardInput(flags.interactive === true);
  const { id } = flags;
  let container: Container | undefined;
  let exitCode: number = ExitCode.ok;
  const pass = (maxInstructions: number) => {
    const task = container?.task;
    if (task === undefined) throw new UserError("--do: 'create' must come first", ExitCode.usage);
    host.run({ maxInstructions, until: () => task.exitCode !== undefined });
    return task.exitCode;
  };
  try {
    for (const step of flags.do) {
      const [operation = '', value] = step.split('=');
      switch (operation) {
        case 'create':
          container = runtime.create(id, bundle, {
            onOutput: (bytes, descriptor) => writeAll(descriptor, bytes),
            ...(input === undefined ? {} : { input }),
          });
          for (const warning of container.warnings) writeAll(2, `worldswitch: ${warning}\n`);
          break;
        case 'start':
          runtime.start(id);
          break;
        case 'run-for':
          pass(value === undefined ? defaultStretch : Number(value));
          break;
        case 'wait': {
          const code = pass(flags.maxInstructions ?? Number.POSITIVE_INFINITY);
          if (code === undefined) {
            writeAll(
              2,
              `worldswitch: the container has not ended${flags.maxInstructions === undefined ? ' and waits for something that will not come' : ` after ${flags.maxInstructions} instructions (--max-instructions)`}\n`,
            );
            return flags.maxInstructions === undefined ? ExitCode.guestFault : ExitCode.instructionLimit;
          }
          exitCode = code;
          break;
        }
        case 'state':
          writeAll(1, `${JSON.stringify(runtime.state(id), undefined, 2)}\n`);
          break;
        case 'kill':
          runtime.kill(id, value);
          break;
        case 'delete':
          runtime.delete(id);
          break;
      }
    }
    return exitCode;
  } catch (error) {
    if (error instanceof ContainersError) {
      throw new UserError(
        `${path}: ${error.message}`,
        error.code === 'state' || error.code === 'id' ? ExitCode.usage : ExitCode.badInput,
      );
    }
    if (error instanceof HostOsError) {
      const cause = bundle.rootFiles.size === 0 ? ': the folder that config.json names as root.path has no files' : '';
      throw new UserError(`${path}: ${error.message}${cause}`, ExitCode.badInput);
    }
    throw error;
  }
}

function readBundle(path: string): Bundle {
  const folder = statSync(path, { throwIfNoEntry: false });
  if (folder === undefined) throw new UserError(`there is no folder '${path}'`, ExitCode.noInput);
  const config = join(path, 'config.json');
  if (!existsSync(config)) {
    throw new UserError(
      `'${path}' is no OCI bundle: it must be a folder with config.json and the root file system that this names (usually rootfs/)`,
      ExitCode.noInput,
    );
  }
  readInput(config, 'configuration');
  const files = new Map([...readTree(path)].map(([name, entry]) => [name.slice(1), entry]));
  return bundleFromFiles(files, resolve(path));
}
