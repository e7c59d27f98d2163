import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { program } from '@worldswitch/guest-os';
import { assemble } from '@worldswitch/isa';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExitCode } from '../src/exit-codes.ts';
import { echoKernel } from './echo-kernel.ts';
import { commandFile, ofAnotherArchitecture, runCommand } from './run-command.ts';

/** Prints 1 after a second and 2 an hour later, and switches itself off. */
const waitingKernel = `
    li   s0, 0x10000000
    li   t0, 32
    csrw sie, t0
    li   s1, 10000000
    li   s2, '1'
next:
    rdtime a0
    add  a0, a0, s1
    li   a7, 0x54494d45
    li   a6, 0
    ecall
    wfi
    sb   s2, 0(s0)
    li   s1, 36000000000
    addi s2, s2, 1
    li   t0, '3'
    bne  s2, t0, next
    li   s1, 0x100000
    li   t0, 0x5555
    sw   t0, 0(s1)
end:
    j    end
`;

let folder: string;
let kernel: string;
const at = (name: string) => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'worldswitch-machine-'));
  kernel = at('kernel.bin');
  writeFileSync(kernel, assemble(echoKernel, { origin: 0x8020_0000 }).bytes);
  writeFileSync(at('program.elf'), program('hello'));
  writeFileSync(at('other.elf'), ofAnotherArchitecture(program('hello')));
  writeFileSync(at('disk.img'), new Uint8Array(4096));
  writeFileSync(at('odd.img'), new Uint8Array(1000));
  writeFileSync(at('empty'), '');
  mkdirSync(at('directory'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const machine = (args: readonly string[], input = '') =>
  runCommand('worldswitch', ['run', '--kernel', kernel, '--memory', '4M', ...args], input);
const qemu = (args: readonly string[], input = '') =>
  runCommand('worldswitch-qemu', ['-machine', 'virt', '-m', '4M', '-nographic', ...args], input);

describe('run --kernel', () => {
  it("ends with the machine's own exit code, and gives it what is piped in", () => {
    expect(machine([], 'hello q')).toEqual({ status: 42, stdout: 'k\nhello ', stderr: '' });
  });
  it('resets the machine, or ends there', async () => {
    const child = spawn(process.execPath, [commandFile('worldswitch'), 'run', '--kernel', kernel, '--memory', '4M']);
    let console = '';
    child.stdout.on('data', (bytes: Buffer) => {
      if (console === '') child.stdin.write('ar');
      console += bytes.toString();
      if (console.endsWith('k\nak\n')) child.stdin.write('bq');
    });
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(42);
    expect(console).toBe('k\nak\nb');
    // What the machine before had not read yet is read by the one after.
    const long = 'x'.repeat(600);
    expect(machine([], `ar${long}q`)).toMatchObject({ status: 42, stdout: `k\nak\n${long}` });
    expect(machine(['--no-reboot'], 'arb')).toMatchObject({ status: ExitCode.ok, stdout: 'k\na' });
  });
  it('ends when the console says what is expected, or what may not be', () => {
    expect(machine(['--expect-text', 'k', '--expect-text', 'done'], 'all done\n').status).toBe(ExitCode.ok);
    expect(machine(['--fail-text', 'panic'], 'a panic\n')).toMatchObject({
      status: ExitCode.failText,
      stderr: "worldswitch: the console said 'panic'\n",
    });
    expect(machine(['--expect-text', 'done'], 'q')).toMatchObject({
      status: ExitCode.textMissing,
      stderr: "worldswitch: the machine ended before the console said 'done'\n",
    });
  });
  it('ends after instructions, and after virtual time', () => {
    const instructions = machine(['--max-instructions', '100000', '--expect-text', 'x', '--stats']);
    expect(instructions.status).toBe(ExitCode.instructionLimit);
    expect(instructions.stderr).toMatch(
      /'x' did not come within 100000 instructions\nworldswitch: 100000 instructions/,
    );
    expect(machine(['--max-time', '0.05']).status).toBe(ExitCode.timeLimit);
  });
  it('ends at the tick that the virtual time is over', () => {
    const spinning = at('spinning.bin');
    writeFileSync(spinning, assemble('j .', { origin: 0x8020_0000 }).bytes);
    const { status, stderr } = machine(['--kernel', spinning, '--max-time', '0.00001', '--stats']);
    expect(status).toBe(ExitCode.timeLimit);
    const instructions = Number(/(\d+) instructions/.exec(stderr)?.[1]);
    expect(Math.abs(instructions - 10_000)).toBeLessThanOrEqual(100);
  });
  it('waits with the clock on the wall while something may be typed, and races through time after that', async () => {
    const waits = at('waits.bin');
    writeFileSync(waits, assemble(waitingKernel, { origin: 0x8020_0000 }).bytes);
    const args = ['run', '--kernel', waits, '--memory', '4M', '--stats'];
    const start = performance.now();
    const child = spawn(process.execPath, [commandFile('worldswitch'), ...args]);
    let console = '';
    child.stdout.on('data', (bytes: Buffer) => {
      console += bytes.toString();
      if (console === '1') child.stdin.end();
    });
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    expect(performance.now() - start).toBeGreaterThan(900);
    expect(console).toBe('12');
    // An hour and a second.
    expect(runCommand('worldswitch', [...args, '--max-time', '3500']).status).toBe(ExitCode.timeLimit);
    const raced = spawn(process.execPath, [commandFile('worldswitch'), ...args, '--idle', 'race']);
    expect(await new Promise((resolve) => raced.once('close', resolve))).toBe(0);
    expect(
      runCommand('worldswitch-qemu', [
        '-machine',
        'virt',
        '-kernel',
        waits,
        '-nographic',
        '-icount',
        'shift=0,sleep=off',
      ]),
    ).toEqual({
      status: 0,
      stdout: '12',
      stderr: '',
    });
  });
  it('lets instructions take as long as is said', () => {
    const spins = at('spins.bin');
    writeFileSync(spins, assemble('loop: j loop', { origin: 0x8020_0000 }).bytes);
    const machineArguments = ['run', '--kernel', spins, '--memory', '4M', '--max-instructions', '1000000', '--stats'];
    const run = (...more: string[]) => runCommand('worldswitch', [...machineArguments, ...more]);
    expect(run().stderr).toContain('1000000 instructions, 0.001 s of virtual time');
    expect(run('--instruction-time', '1000').stderr).toContain('1000000 instructions, 1.000 s of virtual time');
    expect(run('--instruction-time', '0').status).toBe(ExitCode.usage);
    const icount = ['-machine', 'virt', '-kernel', spins, '-icount', 'shift=11'];
    const { status, stderr } = runCommand('worldswitch-qemu', icount);
    expect(status).toBe(ExitCode.usage);
    expect(stderr).toContain('-icount: expected shift=0 to 10 or auto, not 11');
  });
  it('has keys to end it and to look at it', () => {
    expect(machine([], 'a\u0001x')).toMatchObject({ status: ExitCode.ok });
    const { status, stdout } = machine(['--smp', '2'], 'a\u0001cinfo cpus\rnonsense\rquit\r');
    expect(stdout).toContain('hart 0: pc');
    expect(stdout).toContain('hart 1: ');
    expect(stdout).toContain("no command 'nonsense'");
    expect(status).toBe(ExitCode.ok);
  });
  it('starts the kernel in machine mode when there is no firmware', () => {
    const image = at('machine-mode.bin');
    writeFileSync(image, assemble(`csrr x0, mscratch\n${echoKernel}`, { origin: 0x8000_0000 }).bytes);
    expect(runCommand('worldswitch', ['run', '--kernel', image, '--bios', 'none', '--memory', '4M'], 'q').status).toBe(
      42,
    );
  });
  it('is ended by a signal', async () => {
    const child = spawn(process.execPath, [commandFile('worldswitch'), 'run', '--kernel', kernel, '--memory', '4M']);
    await new Promise((resolve) => child.stdout.once('data', resolve));
    child.kill('SIGTERM');
    expect(await new Promise((resolve) => child.once('close', (code) => resolve(code)))).toBe(143);
  });

  it.each([
    [['--kernel', '/no/such/file'], ExitCode.noInput, "cannot read the kernel '/no/such/file': there is no such file"],
    [['--initrd', '/no/such/file'], ExitCode.noInput, "cannot read the initial RAM disk '/no/such/file'"],
    [['--smp', '9'], ExitCode.usage, 'expected a number of harts from 1 to 8'],
    [['--memory', '7Z'], ExitCode.usage, "expected a multiple of 2M from 2M to 3G, got '7Z'"],
    [['--drive', 'DIRECTORY'], ExitCode.noInput, 'it is a directory; expected a raw disk image'],
    [['--drive', 'ODD'], ExitCode.badInput, 'its 1000 bytes are not a multiple of 512'],
    [['--drive', 'EMPTY'], ExitCode.badInput, 'its 0 bytes are not a multiple of 512'],
    [['--drive', '/no/such/disk'], ExitCode.noInput, "cannot open the drive '/no/such/disk': there is no such file"],
    [['--drive', 'DISK,format=qcow2'], ExitCode.usage, "got 'format=qcow2'"],
    [['--kernel', 'EMPTY'], ExitCode.badInput, 'the machine cannot be started: the kernel: 0 bytes are no kernel'],
    [
      ['--kernel', 'PROGRAM'],
      ExitCode.badInput,
      /below RAM .*, or run it as a program: worldswitch run .*program\.elf\n$/,
    ],
    [['--expect-text', ''], ExitCode.usage, 'expected a text that is not empty'],
    [['--save', 'DIRECTORY'], ExitCode.noInput, "directory': it is a directory"],
    [['--save', '/no/such/folder/snap'], ExitCode.noInput, "write '/no/such/folder/snap': there is no such folder"],
    [['surplus'], ExitCode.usage, "a machine runs its kernel, not 'surplus' too"],
    [['--world', 'full'], ExitCode.usage, '--world is for a program in a world'],
    [['-i'], ExitCode.usage, '--interactive is for a program in a world'],
  ] as const)('refuses %j', (args, status, message) => {
    const names = { DIRECTORY: 'directory', ODD: 'odd.img', EMPTY: 'empty', DISK: 'disk.img', PROGRAM: 'program.elf' };
    const real = args.map((arg) => arg.replace(/DIRECTORY|ODD|EMPTY|DISK|PROGRAM/, (name) => at(names[name as 'ODD'])));
    const result = machine(real);
    expect(result.stderr).toEqual(
      typeof message === 'string' ? expect.stringContaining(message) : expect.stringMatching(message),
    );
    expect(result.status).toBe(status);
    expect(result.stderr).not.toContain('internal error');
    // Told before the machine begins, not after a long run.
    expect(result.stdout).toBe('');
  });
});

describe('worldswitch-qemu', () => {
  it('runs a machine by the arguments of qemu-system-riscv64', () => {
    const disk = ['-drive', `file=${at('disk.img')},if=none,format=raw,id=x0`];
    const device = ['-device', 'virtio-blk-device,drive=x0,bus=virtio-mmio-bus.0'];
    const force = ['-global', 'virtio-mmio.force-legacy=false'];
    expect(
      qemu(
        ['-M', 'virt,aclint=on', '-rtc', 'base=utc', '-smp', '2', '-kernel', kernel, ...force, ...disk, ...device],
        'hi q',
      ),
    ).toEqual({
      status: 42,
      stdout: 'k\nhi ',
      stderr: '',
    });
  });
  it('connects virtio devices to the slots asked for', () => {
    // Prints the device IDs of all slots, from slot 0.
    const ids = `
    csrr x0, sscratch
    li s0, 0x10000000
    li s1, 0x10001000
    li s2, 0x10009000
next:
    lw t0, 8(s1)
    addi t0, t0, 48
    sb t0, 0(s0)
    li t1, 0x1000
    add s1, s1, t1
    bne s1, s2, next
    li s1, 0x100000
    li t0, 0x5555
    sw t0, 0(s1)
end: j end
`;
    writeFileSync(at('ids.bin'), assemble(ids, { origin: 0x8020_0000 }).bytes);
    writeFileSync(at('ids.yaml'), 'kernel: ids.bin\ndrives: [disk.img]\nrng: { seed: 3 }\nhvc: none\nballoon: true\n');
    const rng = ['-object', 'rng-random,id=r,filename=/dev/urandom', '-device', 'virtio-rng-device,rng=r'];
    const serial = [
      '-device',
      'virtio-serial-device,id=s,bus=virtio-mmio-bus.2',
      '-chardev',
      `file,id=c,path=${at('c.log')}`,
    ];
    const port = ['-device', 'virtconsole,chardev=c,bus=s.0', '-device', 'virtio-balloon-device'];
    expect(qemu(['-kernel', at('ids.bin'), ...rng, ...serial, ...port])).toEqual({
      status: 0,
      stdout: '00300054',
      stderr: '',
    });
    const flags = ['--drive', at('disk.img'), '--rng', 'seed=3', '--hvc', 'none', '--balloon'];
    expect(runCommand('worldswitch', ['run', '--kernel', at('ids.bin'), ...flags]).stdout).toBe('00005342');
    expect(runCommand('worldswitch', ['run', at('ids.yaml')]).stdout).toBe('00005342');
  });
  it('has a monitor for the balloon', () => {
    const device = ['-device', 'virtio-balloon-device'];
    const { stdout } = qemu(['-kernel', kernel, ...device], '\u0001cinfo balloon\rballoon 9\rballoon 2\rquit\r');
    expect(stdout).toContain('balloon: actual=4\n');
    expect(stdout).toContain('expected balloon MIB, from 1 to 4\n');
    expect(qemu(['-kernel', kernel], '\u0001cballoon 2\rquit\r').stdout).toContain('there is no balloon device\n');
  });
  it('writes the console to a file', () => {
    const log = at('console.log');
    expect(
      qemu(['-kernel', kernel, '-serial', `file:${log}`, '-monitor', 'stdio'], 'info cpus\rquit\r').stdout,
    ).toContain('hart 0: pc');
    expect(readFileSync(log, 'utf8')).toBe('k\n');
  });
  it('says its version as scripts look for it', () => {
    expect(runCommand('worldswitch-qemu', ['--version']).stdout).toMatch(/^QEMU emulator version \d+\.\d+\.\d+ /);
    expect(runCommand('worldswitch-qemu', ['-help']).stdout).toMatch(/^-gdb /m);
  });
  it.each([
    [['-semihosting'], '-semihosting is not supported: print on the serial line'],
    [['-netdev', 'user,id=n'], '-netdev is not supported: network devices are not built yet'],
    [['-device', 'virtio-net-device'], '-device virtio-net-device is not supported: network devices are not built yet'],
    [['-device', 'virtio-blk-pci,drive=x'], 'the board has no PCI; use virtio-blk-device'],
    [['-device', 'virtio-blk-device,drive=x'], "-device: there is no drive 'x'"],
    [['-device', 'virtio-rng-device,rng=x'], "-device: there is no object 'x'"],
    [['-device', 'virtconsole,chardev=x'], 'virtconsole needs a virtio-serial-device before it'],
    [['-chardev', 'socket,id=x'], '-chardev socket is not supported: expected stdio, file or null'],
    [
      ['-chardev', 'stdio,id=x', '-device', 'virtio-serial-device', '-device', 'virtconsole,chardev=x'],
      '-chardev: stdio is in use for the console or the monitor; add -serial none',
    ],
    [['-drive', 'file=a,format=qcow2'], '-drive format=qcow2 is not supported'],
    [['-smp', '9'], '-smp: a machine has 1 to 8 harts, not 9'],
    [['-m', '8T'], '-m: expected a size from 2M to 3G'],
    [['-machine', 'sifive_u'], "-machine: there is only 'virt', not 'sifive_u'"],
    [['-cpu', 'rv32'], "-cpu: there is only 'rv64', not 'rv32'"],
    [['-cpu', 'rv64,v=true'], '-cpu rv64,v=true is not supported'],
    [['-global', 'virtio-mmio.force-legacy=true'], 'only virtio-mmio.force-legacy=false is'],
    [['-rtc', 'base=noon'], '-rtc base=noon is not supported: expected base=utc or a date'],
    [['-flash', 'x'], '-flash is unknown; -help lists the arguments that are taken'],
    [['-kernel'], '-kernel needs a value: FILE'],
    [['a.elf'], "'a.elf' is no argument: a kernel goes into -kernel a.elf, a disk image into -drive file=a.elf"],
    [[], 'there is nothing to run: give a kernel or a firmware file'],
  ] as const)('refuses %j with one message', (args, message) => {
    const { status, stderr } = qemu(args);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(status).toBe(ExitCode.usage);
  });
});

it('worldswitch-qemu refuses a missing drive that no device shows', () => {
  const drive = (file: string) => qemu(['-kernel', kernel, '-drive', `file=${file},if=none,format=raw`], 'q');
  expect(drive(at('missing.img'))).toEqual({
    status: ExitCode.noInput,
    stdout: '',
    stderr: `worldswitch-qemu: cannot open the drive '${at('missing.img')}': there is no such file\n`,
  });
  expect(drive(at('disk.img')).status).toBe(42);
});

describe('a machine file', () => {
  it('is validated and run; its files are beside it', () => {
    writeFileSync(at('machine.yaml'), 'kernel: kernel.bin\nmemory: 4M\nsmp: 2\ndrives: [disk.img]\n');
    expect(runCommand('worldswitch', ['validate', at('machine.yaml')])).toMatchObject({ status: 0, stderr: '' });
    expect(runCommand('worldswitch', ['run', at('machine.yaml')], 'q').status).toBe(42);
    writeFileSync(at('wired.yaml'), 'kernel: kernel.bin\nhvc: { output: hvc.log, input: kernel.bin }\n');
    writeFileSync(at('hvc.log'), 'before');
    expect(runCommand('worldswitch', ['validate', at('wired.yaml')])).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(at('hvc.log'), 'utf8')).toBe('before');
  });
  it('is run as options and the file say, options first', () => {
    writeFileSync(at('spin.bin'), assemble('j .', { origin: 0x8020_0000 }).bytes);
    writeFileSync(at('limited.yaml'), 'kernel: spin.bin\nmemory: 4M\nlimits: { instructions: 5000 }\n');
    const run = (...options: string[]) => runCommand('worldswitch', ['run', '--stats', ...options, at('limited.yaml')]);
    expect(run().stderr).toContain('worldswitch: 5000 instructions');
    const limited = run('--max-instructions', '700', '--save', at('limited.ws'));
    expect(limited.stderr).toContain('worldswitch: 700 instructions');
    expect(limited.status).toBe(ExitCode.instructionLimit);
    const restored = runCommand('worldswitch', ['run', '--restore', at('limited.ws'), '--max-instructions', '1']);
    expect(restored.status).toBe(ExitCode.instructionLimit);
  });
  it.each([
    [['--smp', '2'], [], 'says what the machine is: leave --smp out, or write it there'],
    [['--world', 'full'], [], '--world is for a program in a world'],
    [[], ['--smp', '2'], "a machine takes no '--smp'; options go before"],
  ])('takes no others: %j before, %j after', (before, after, message) => {
    writeFileSync(at('plain.yaml'), 'kernel: kernel.bin\nmemory: 4M\n');
    const { status, stderr } = runCommand('worldswitch', ['run', ...before, at('plain.yaml'), ...after]);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(status).toBe(ExitCode.usage);
  });
  it.each([
    ['kernel: kernel.bin\nsmpp: 2\n', ExitCode.badInput, 'line 2, smpp: unknown key'],
    ['kernel: kernel.bin\nrng: { seed: 1, file: x }\n', ExitCode.badInput, 'seed and file are both sources'],
    ['kernel: missing.bin\n', ExitCode.noInput, "missing.bin': there is no such file"],
    ['kernel: other.elf\n', ExitCode.badInput, 'expected machine RISC-V'],
    ['kernel: kernel.bin\ndrives: [odd.img]\n', ExitCode.badInput, 'not a multiple of 512'],
    ['kernel: kernel.bin\nrng: { file: missing }\n', ExitCode.noInput, "missing': there is no such file"],
    [
      'kernel: kernel.bin\nhvc: { output: none, input: missing }\n',
      ExitCode.noInput,
      "cannot read the virtio console's input '",
    ],
    ['kernel: kernel.bin\nhvc: missing/log\n', ExitCode.noInput, "missing/log': there is no such folder"],
  ])('is refused: %j', (text, status, message) => {
    writeFileSync(at('wrong.yaml'), text);
    const result = runCommand('worldswitch', ['validate', at('wrong.yaml')]);
    expect(result.stderr).toContain(message);
    expect(result.status).toBe(status);
  });
});
