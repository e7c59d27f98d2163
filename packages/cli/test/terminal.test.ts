import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assemble } from '@worldswitch/isa';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { ECHO_STATUS, echoKernel } from './echo-kernel.ts';
import { commandFile } from './run-command.ts';

let folder: string;
let kernel: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'worldswitch-terminal-'));
  kernel = join(folder, 'kernel.bin');
  writeFileSync(kernel, assemble(echoKernel, { origin: 0x8020_0000 }).bytes);
  writeFileSync(join(folder, 'disk.img'), new Uint8Array(4096));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A child that does not outlive the test, what it says, and its end. */
function watch(child: ChildProcessWithoutNullStreams) {
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  let wake = () => {};
  let isEnded = false;
  const add = (bytes: Buffer) => {
    text += bytes.toString('latin1');
    wake();
  };
  child.stdout.on('data', add);
  child.stderr.on('data', add);
  child.stdin.on('error', () => {});
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
    child.on('close', (code, signal) => {
      isEnded = true;
      resolve(code ?? signal);
      wake();
    });
  });
  return {
    child,
    ended,
    text: () => text,
    type: (typed: string) => void child.stdin.write(typed),
    /** Waits until it has said this so many times. */
    async says(what: string, times = 1) {
      while (text.split(what).length <= times) {
        if (isEnded) throw new Error(`'${what}' did not come ${times} times: ${text}`);
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    },
  };
}
const qemu = (...args: string[]) => [
  commandFile('worldswitch-qemu'),
  ...['-machine', 'virt', '-m', '4M', '-kernel', kernel, ...args],
];

it('a command whose reader goes away ends', async () => {
  const run = watch(spawn(process.execPath, qemu('-nographic')));
  await run.says('k\n');
  run.type('y');
  await run.says('yyy');
  run.child.stdout.destroy();
  expect(await run.ended).toBe(0);
});

it.skipIf(process.platform !== 'linux')('a machine that is reset again and again keeps no file open', async () => {
  const drive = ['-drive', `file=${join(folder, 'disk.img')},if=none,format=raw,id=x0`];
  const devices = ['-device', 'virtio-blk-device,drive=x0', '-object', 'rng-random,id=r,filename=/dev/urandom'];
  const run = watch(
    spawn(process.execPath, qemu('-nographic', ...drive, ...devices, '-device', 'virtio-rng-device,rng=r')),
  );
  const open = () => readdirSync(`/proc/${run.child.pid}/fd`).length;
  await run.says('k\n');
  const before = open();
  for (let resets = 1; resets <= 15; resets++) {
    run.type('r');
    await run.says('k\n', resets + 1);
  }
  expect(open()).toBe(before);
  // Its input is still open: nothing but the machine's end ends it.
  run.type('q');
  expect(await run.ended).toBe(ECHO_STATUS);
});

const hasScript = spawnSync('script', ['--version']).status === 0;
describe.skipIf(!hasScript)('on a terminal (skipped without the command `script`)', () => {
  /** Runs the command on a terminal of its own, and says how the terminal was left and how the command ended. */
  const onTerminal = (...args: string[]) => {
    const words = [process.execPath, ...qemu(...args)].map((word) => `'${word}'`).join(' ');
    const report = join(folder, 'terminal');
    writeFileSync(
      join(folder, 'on-terminal'),
      `${words} & pid=$!; echo "pid $pid"; fg >/dev/null; code=$?\nstty -a; echo "code $code"\n`,
    );
    rmSync(report, { force: true });
    return watch(spawn('script', ['-qec', `bash -m ${join(folder, 'on-terminal')}`, report]));
  };
  const isRestored = (text: string) =>
    ['isig', 'icanon', 'echo'].every((flag) => new RegExp(`\\s${flag}\\s`).test(text));

  it('hands Ctrl-C to the guest where Ctrl-A x ends the command', async () => {
    const run = onTerminal('-nographic');
    await run.says('k');
    run.type('a\u0003b');
    await run.says('a\u0003b');
    run.type('\u0001x');
    await run.says('code 0');
    expect(isRestored(run.text())).toBe(true);
    await run.ended;
  });
  it('ends by Ctrl-C where nothing else would end it', async () => {
    const run = onTerminal('-display', 'none', '-serial', 'stdio', '-monitor', 'none');
    await run.says('k');
    run.type('a\u0003');
    await run.says('code 130');
    expect(isRestored(run.text())).toBe(true);
    await run.ended;
  });
  it.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
    ['SIGINT', 130],
  ] as const)('gives the terminal back when %s ends it', async (signal, code) => {
    const run = onTerminal('-nographic');
    await run.says('k');
    process.kill(Number(/pid (\d+)/.exec(run.text())?.[1]), signal);
    await run.says(`code ${code}`);
    expect(isRestored(run.text())).toBe(true);
    await run.ended;
  });
});
