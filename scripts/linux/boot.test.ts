import { spawnSync } from 'node:child_process';
import { constants, copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cacheFolder } from './fetch.mjs';
import { startMachine } from './machine-session.ts';

const root = join(import.meta.dirname, '../..');
const folder = cacheFolder();
/** Ends what computes for ever: a slow computer retires no more, and a machine that waits for this test retires next to nothing. */
const limit = (instructions: number) => ['--max-instructions', String(instructions)];
/** Ends what waits for ever. */
const WALL_MS = 15 * 60_000;

// What cannot be fetched here cannot be booted; anything else that goes wrong is a failure.
const fetched = spawnSync(process.execPath, [join(root, 'scripts/linux/fetch.mjs')], { cwd: root, encoding: 'utf8' });
if (fetched.status !== 0 && fetched.status !== 69) throw new Error(`fetching failed: ${fetched.stderr}`);
const why = fetched.status === 69 ? ` (skipped: ${fetched.stderr.trim().slice(0, 200)})` : '';
if (why) process.stderr.write(`${fetched.stderr}\n`);

const bootFiles = (suite: 'stable' | 'unstable') => [
  '--kernel',
  join(folder, suite, 'kernel'),
  '--initrd',
  join(folder, suite, 'initrd.cpio'),
  '--memory',
  '512M',
  '--fail-text',
  'Kernel panic',
  '--stats',
];
const firmware = (name: string) => join(folder, 'opensbi', name);

describe.skipIf(why !== '')(`Debian's kernel${why}`, () => {
  it.each([
    ['stable', 1, 'default'],
    ['stable', 4, 'fw_dynamic.bin'],
    ['stable', 1, 'fw_jump.bin'],
    ['unstable', 1, 'default'],
  ] as const)(
    '%s boots on %i hart(s) with firmware %s to a shell, and is switched off',
    async (suite, harts, bios) => {
      const machine = startMachine([
        ...bootFiles(suite),
        ...['--smp', String(harts), '--bios', bios === 'default' ? bios : firmware(bios), ...limit(20e9)],
      ]);
      await machine.expect(`, ${harts} hart(s)`);
      await machine.expect('worldswitch# ');
      machine.type('echo sum $((600 + 66)) harts $(nproc); wc -c </proc/device-tree/model\n');
      await machine.expect(`sum 666 harts ${harts}`);
      await machine.expect('worldswitch# ');
      machine.type('exit\n');
      const { code, console, stderr } = await machine.ended();
      process.stderr.write(`${suite}, ${harts} hart(s), ${bios}: ${stderr}`);
      expect(console).toContain('reboot: Power down');
      expect(code).toBe(0);
    },
    WALL_MS,
  );
});

describe.skipIf(why !== '')(`a Debian root file system on a virtio disk${why}`, () => {
  let work: string;
  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), 'worldswitch-linux-'));
  });
  afterAll(() => rmSync(work, { recursive: true, force: true }));

  it.each([1, 4])(
    'runs apt, python3 and gcc on %i hart(s), shuts down, and leaves a clean disk',
    async (harts) => {
      const disk = join(work, `debian-${harts}.ext4`);
      copyFileSync(join(folder, 'debian.ext4'), disk, constants.COPYFILE_FICLONE);
      const machine = startMachine([
        ...bootFiles('stable'),
        ...['--append', 'root=/dev/vda rw', '--drive', disk, '--smp', String(harts), ...limit(60e9)],
      ]);
      const prompt = async () => void (await machine.expect('debian# '));
      await machine.expect('init: Debian GNU/Linux');
      await prompt();
      machine.type('apt --version\n');
      expect(await machine.expect('(riscv64)')).toContain('apt ');
      await prompt();
      machine.type('python3 -c "import sys, json; print(json.dumps([sys.version_info.major, 6 * 7]))"\n');
      await machine.expect('[3, 42]');
      await prompt();
      machine.type(`printf '#include <stdio.h>\\nint main(void) { printf("compiled %%d\\\\n", 40 + 2); }' >hello.c\n`);
      await prompt();
      machine.type('gcc -O2 -o hello hello.c && ./hello\n');
      await machine.expect('compiled 42');
      await prompt();
      machine.type('exit\n');
      await machine.expect('init: the root file system is read-only, the shell ended with 0');
      const { code, stderr } = await machine.ended();
      process.stderr.write(`Debian root file system, ${harts} hart(s): ${stderr}`);
      expect(code).toBe(0);
      const e2fsck = existsSync('/usr/sbin/e2fsck') ? '/usr/sbin/e2fsck' : 'e2fsck';
      const check = spawnSync(e2fsck, ['-fn', disk], { encoding: 'utf8' });
      expect(check.stdout + check.stderr).toContain('Pass 5');
      expect(check.status).toBe(0);
      const list = spawnSync('debugfs', ['-R', 'stat /root/hello', disk], {
        encoding: 'utf8',
        env: { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/sbin` },
      });
      expect(list.stdout).toContain('Type: regular');
    },
    WALL_MS,
  );
});

describe.skipIf(why !== '')(`Debian's kernel with virtio devices${why}`, () => {
  let work: string;
  beforeAll(() => {
    work = mkdtempSync(join(tmpdir(), 'worldswitch-linux-'));
  });
  afterAll(() => rmSync(work, { recursive: true, force: true }));
  const prompt = 'worldswitch# ';
  const randomBytes = async (machine: ReturnType<typeof startMachine>) => {
    machine.type(
      'load virtio_mmio; load virtio_rng; echo bytes $(dd if=/dev/hwrng bs=16 count=1 2>/dev/null | hexdump -v -e \'1/1 "%02x"\') end\n',
    );
    await machine.expect('\nbytes ');
    const bytes = (await machine.expect(' end')).trim();
    await machine.expect(prompt);
    return bytes;
  };

  it(
    'reads repeatable random bytes, talks on hvc0, and gives memory back',
    async () => {
      const [input, output] = [join(work, 'input'), join(work, 'output')];
      writeFileSync(input, 'ping from outside\n');
      const machine = startMachine([
        ...bootFiles('stable'),
        ...['--rng', 'seed=7', '--hvc', `${output},input=${input}`, '--balloon', ...limit(20e9)],
      ]);
      await machine.expect(prompt);
      const bytes = await randomBytes(machine);
      expect(bytes).toMatch(/^[0-9a-f]{32}$/);
      machine.type('load virtio_console; read line </dev/hvc0; echo "heard: $line" >/dev/hvc0; echo line done\n');
      await machine.expect('\nline done');
      await machine.expect(prompt);
      expect(readFileSync(output, 'latin1')).toContain('heard: ping from outside');

      machine.type('load virtio_balloon; echo loaded $((1 + 1))\n');
      await machine.expect('loaded 2');
      await machine.expect(prompt);
      const monitor = async (line: string) => {
        machine.type(`\u0001c${line}\r`);
        await machine.expect(line);
        const said = await machine.expect('(worldswitch) ');
        machine.type('\u0001c');
        return said;
      };
      const free = async () => {
        machine.type('sleep 1; echo free $(grep MemFree /proc/meminfo)\n');
        await machine.expect('\nfree MemFree:');
        return Number.parseInt(await machine.expect(' kB'), 10);
      };
      /** The driver says how far it is when it has come to what was asked for, or can get no further at once. */
      const balloon = async (size: number) => {
        await monitor(`balloon ${size}`);
        while (!(await monitor('info balloon')).includes(`actual=${size}\n`)) await setTimeout(100);
        return await free();
      };
      expect(await monitor('info balloon')).toContain('balloon: actual=512');
      const less = await balloon(384);
      let more = await balloon(512);
      // Pages on the lists of a CPU are free and not counted so; every second the kernel takes some from there.
      const isAllBack = () => Math.abs(more - less - 128 * 1024) < 8 * 1024;
      for (let tries = 0; tries < 20 && !isAllBack(); tries++) more = await free();
      expect(more - less, `${less} kB, then ${more} kB`).toSatisfy(isAllBack);
      machine.type('exit\n');
      expect((await machine.ended()).code).toBe(0);

      for (const [source, isSame] of [
        ['seed=7', true],
        ['file=/dev/urandom', false],
      ] as const) {
        const other = startMachine([...bootFiles('stable'), '--rng', source, ...limit(20e9)]);
        await other.expect(prompt);
        const again = await randomBytes(other);
        expect(again).toMatch(/^[0-9a-f]{32}$/);
        expect(again === bytes, source).toBe(isSame);
        other.type('exit\n');
        expect((await other.ended()).code).toBe(0);
      }
    },
    WALL_MS,
  );
});
