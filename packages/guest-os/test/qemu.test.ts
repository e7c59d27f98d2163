import { describe, expect, test } from 'vitest';
import { isInstalled, runAsProcess, runInSystem, runRogue, typeToShell } from './qemu.ts';

const hasSystem = isInstalled('qemu-system-riscv64');
const hasUser = isInstalled('qemu-riscv64');
const withoutSystem = hasSystem ? '' : ' (skipped: qemu-system-riscv64 is not installed)';
const withoutBoth =
  hasSystem && hasUser ? '' : ' (skipped: qemu-system-riscv64 and qemu-riscv64 are not both installed)';

describe.skipIf(!hasSystem || !hasUser)(`under the guest kernel as under Linux${withoutBoth}`, () => {
  test.each([
    ['hello', ['one', 'two words', '"quoted"']],
    ['syscall-loop', ['5000']],
    ['cpu-loop', ['3000000']],
    ['memory-walk', ['500']],
    ['pipe-ping-pong', ['500']],
    ['tour', ['x']],
    ['file-work', []],
    ['faults', []],
    ['echo', ['-n', 'a', 'b']],
    ['wild-pointer', []],
    ['illegal', []],
  ])('%s prints the same and ends the same', (name, args) => {
    const expected = runAsProcess(name, { args });
    expect(expected.output).not.toBe('');
    expect(runInSystem(name, { args })).toEqual(expected);
  });
});

const shellCases: [string, string, number][] = [
  ['echo one two | cat | cat > /x; cat < /x; echo more >> /x; cat /x', 'one two\none two\nmore\n', 0],
  ['ls /; cd /etc && ls && cat motd', 'bin/\ndev/\netc/\nmotd\nwelcome\n', 0],
  ["sh -c 'exit 5'; echo $?; nothing || echo no", '5\nnothing: not found\nno\n', 0],
  ['wild-pointer; echo $?; illegal; echo $?', 'writing to address 16\n139\nreading sstatus\n132\n', 0],
  ['exit 3', '', 3],
];

describe.skipIf(!hasSystem)(`the guest kernel in QEMU${withoutSystem}`, () => {
  test.each(shellCases)('sh -c %j', (commands, output, code) => {
    expect(runInSystem('sh', { args: ['-c', commands] })).toEqual({ output, code });
  });

  test('a shell reads commands from the terminal; control-C ends its program, not the shell', async () => {
    const { output, code } = await typeToShell([
      { until: '$ ', type: 'echo typo\x7fed\r' },
      { until: 'typed\n$ ', type: 'spin\r' },
      { until: 'spinning\n', type: '\x03' },
      { until: '$ ', type: 'echo status $?\r' },
      { until: '130\n$ ', type: 'cat\rline\r\x04' },
      { until: 'line\n$ ', type: 'exit 4\r' },
    ]);
    expect(output).toBe('$ typed\n$ spinning\n$ status 130\n$ line\n$ ');
    expect(code).toBe(4);
  });

  test('the terminal loses nothing when its reader is slow', async () => {
    const text = Array.from({ length: 400 }, (_, i) => `line ${i}\n`).join('');
    const { output } = await typeToShell([
      { until: '$ ', type: `syscall-loop 300000; cat\n${text}\x04` },
      { until: 'line 399\n$ ', type: 'exit\n' },
    ]);
    expect(output).toBe(`$ system calls: 300000\n${text}$ `);
  });

  test('forks and executes many times in little memory', () => {
    expect(runInSystem('fork-exec', { args: ['1000'], memory: '20M' })).toEqual({
      output: 'children: 1000\nended as expected: 1000\n',
      code: 0,
    });
  });

  test('lives through the end of memory', () => {
    expect(runInSystem('out-of-memory')).toEqual({
      output: 'greedy child: 137\ngreedy child: 137\nchildren at once: 63\n',
      code: 0,
    });
  });

  test('boots as ELF, on four harts, with 2 GiB', () => {
    const outcome = runInSystem('hello', { form: 'elf', harts: 4, memory: '2G' });
    expect(outcome).toEqual({ output: 'Hello from RISC-V user mode\n', code: 0 });
  });

  test('speaks when it is not told to be quiet', () => {
    const { output, code } = runInSystem('hello', { quiet: false });
    expect(output).toMatch(
      /^worldswitch guest kernel: hart 0, \d+ KiB of 65536 KiB free\nstarting \/bin\/hello\nHello/,
    );
    expect(code).toBe(0);
  });

  test('a missing program is a panic, even when quiet, and exit code 255', () => {
    const { output, code } = runInSystem('no-such-program');
    expect(output).toBe('kernel panic: cannot run /bin/no-such-program: error 2\n');
    expect(code).toBe(255);
  });

  test.each(['spin', 'flood'])('%s runs until it is stopped', (name) => {
    const { output, code } = runInSystem(name, { seconds: 3 });
    expect(code).toBeUndefined();
    expect(output).toMatch(name === 'spin' ? /^spinning\n$/ : /flood: 1000\n/);
  });

  test.each(['jump-to-nowhere', 'flood-console', 'loop-forever'])('rogue kernel %s gets nowhere', (name) => {
    expect(runRogue(name, 2).code).toBeUndefined();
  });
});
