import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { guestKernelElf, program, programNames, rogueKernel } from '@worldswitch/guest-os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ExitCode } from '../src/exit-codes.ts';
import { ofAnotherArchitecture, runCommand } from './run-command.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'worldswitch-cli-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const worldswitch = (args: readonly string[], input?: string) => runCommand('worldswitch', args, input);
function file(name: string, data: Uint8Array | string): string {
  const path = join(folder, name);
  writeFileSync(path, data);
  return path;
}
function bundle(name: string, config?: string): string {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  if (config !== undefined) file(join(name, 'config.json'), config);
  return path;
}
interface WorldJson {
  name: string;
  output: string;
  exitCode: number;
  reason: string;
  message?: string;
  programSha256: string;
  instructions: { user: number; kernel: number };
  exits: Record<string, number>;
  hypercalls: number;
  tlb: { misses: number };
}
interface ReportJson {
  identical: boolean;
  program: { sha256: string };
  worlds: WorldJson[];
}
const report = (stdout: string) => JSON.parse(stdout) as ReportJson;

describe('compare', () => {
  it('runs the same bytes in every world and prints one JSON document', () => {
    const { status, stdout } = worldswitch(['compare', 'hello', '--json', '--', 'one', 'two words']);
    const { worlds, identical, program: image } = report(stdout);
    expect(worlds.map((world) => world.name)).toEqual(['bare', 'full', 'para', 'container', 'process']);
    expect(identical).toBe(true);
    expect(new Set(worlds.map((world) => world.programSha256))).toEqual(new Set([image.sha256]));
    expect(worlds[0]?.output).toContain('two words');
    expect(status).toBe(ExitCode.ok);
  });

  it('writes a trace whose hops join: each begins with the actor that had control', () => {
    const trace = join(folder, 'trace.jsonl');
    const { status } = worldswitch([
      'compare',
      '--json',
      '--program',
      'hello',
      '--worlds',
      'full,process',
      '--trace',
      trace,
    ]);
    expect(status).toBe(ExitCode.ok);
    const hops = readFileSync(trace, 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, string>);
    const full = hops.filter((hop) => hop.world === 'full');
    expect(full.length).toBeGreaterThan(20);
    for (let index = 1; index < full.length; index++) expect(full[index]?.from).toBe(full[index - 1]?.to);
    expect(hops.some((hop) => hop.world === 'process' && hop.cause === 'ecall-from-u')).toBe(true);
  });

  it('writes a Chrome trace for a name that ends in .json', () => {
    const trace = join(folder, 'trace.json');
    worldswitch(['compare', '--json', '--program', 'hello', '--worlds', 'para', '--trace', trace]);
    expect((JSON.parse(readFileSync(trace, 'utf8')) as unknown[]).length).toBeGreaterThan(20);
  });

  it('ends a program that loops for ever, and still reports each world', () => {
    const { status, stdout } = worldswitch(['compare', '--json', '--program', 'spin', '--max-instructions', '4000000']);
    expect(status).toBe(ExitCode.instructionLimit);
    expect(report(stdout).worlds.map((world) => world.reason)).toEqual(Array(5).fill('budget'));
  });

  it('stops a flood of output in every world', () => {
    const { status, stdout } = worldswitch([
      'compare',
      '--json',
      '--program',
      'flood',
      '--worlds',
      'full,process',
      '--max-output',
      '50000',
    ]);
    expect(status).toBe(ExitCode.outputLimit);
    expect(report(stdout).worlds.map((world) => world.reason)).toEqual(['output-limit', 'output-limit']);
  });

  it.each(['jump-to-nowhere', 'write-outside-memory', 'illegal-instruction'])(
    'reports a guest kernel that goes wrong (%s), the other worlds intact',
    (name) => {
      const kernel = file(`${name}.bin`, rogueKernel(name));
      const { status, stdout } = worldswitch([
        'compare',
        '--json',
        '--program',
        'hello',
        '--guest-kernel',
        kernel,
        '--max-instructions',
        '50000000',
      ]);
      expect(status).toBe(ExitCode.guestFault);
      const { worlds } = report(stdout);
      const byName = Object.fromEntries(worlds.map((world) => [world.name, world]));
      for (const name of ['bare', 'full']) {
        expect(byName[name]?.reason).toBe('fault');
        expect(byName[name]?.message).toMatch(/0x[0-9a-f]+/);
      }
      for (const name of ['para', 'container', 'process']) expect(byName[name]?.exitCode).toBe(0);
    },
  );

  it('stops a guest kernel that floods the console, and one that loops for ever', () => {
    const flood = file('flood-console.bin', rogueKernel('flood-console'));
    const options = ['--json', '--program', 'hello', '--worlds', 'bare,full', '--max-output', '50000', '--rounds', '1'];
    const flooded = worldswitch(['compare', ...options, '--guest-kernel', flood]);
    expect(report(flooded.stdout).worlds.map((world) => world.reason)).toEqual(['output-limit', 'output-limit']);
    expect(flooded.status).toBe(ExitCode.outputLimit);
    const loop = file('loop-forever.bin', rogueKernel('loop-forever'));
    const looped = worldswitch(['compare', ...options, '--guest-kernel', loop, '--max-instructions', '3000000']);
    expect(report(looped.stdout).worlds.map((world) => world.reason)).toEqual(['budget', 'budget']);
    expect(looped.status).toBe(ExitCode.instructionLimit);
  });

  it.each([
    [
      'a truncated unmodified kernel',
      '--guest-kernel',
      () => guestKernelElf('full').subarray(0, 3000),
      ['bare', 'full'],
    ],
    ['a program in place of a kernel', '--guest-kernel', () => program('hello'), ['bare', 'full']],
    ['the unmodified kernel as the paravirtual one', '--para-kernel', () => guestKernelElf('full'), ['para']],
  ])('refuses %s, the other worlds intact', (_, option, bytes, refused) => {
    const kernel = file('refused.elf', bytes());
    const { status, stdout, stderr } = worldswitch(['compare', '--json', '--program', 'hello', option, kernel]);
    expect(stderr).toBe('');
    for (const world of report(stdout).worlds) {
      expect(world.reason, world.message).toBe(refused.includes(world.name) ? 'refused' : 'exited');
    }
    expect(status).toBe(ExitCode.badInput);
  });

  it('takes a world of the user', () => {
    const world = join(import.meta.dirname, '..', 'examples', 'traced-process.ts');
    const { status, stdout, stderr } = worldswitch([
      'compare',
      '--json',
      '--program',
      'hello',
      '--worlds',
      'process',
      '--world',
      world,
    ]);
    expect(stderr).toBe('');
    expect(report(stdout).worlds.map((entry) => entry.name)).toEqual(['process', 'traced-process']);
    expect(report(stdout).identical).toBe(true);
    expect(status).toBe(ExitCode.ok);
  });
});

function userWorld(body: string): string {
  return `export default { name: 'mine', summary: 'mine', guest: 'none',\n  create() {\n    ${body}\n  } };\n`;
}

const courseExtension = join(import.meta.dirname, '../examples/course-extension.ts');

/** Switches the machine off by its test device, with what is in a0 as status. */
const powerOff = `
        slli    a0, a0, 16
        li      a1, 0x3333
        or      a0, a0, a1
        li      a1, 0x100000
        sw      a0, 0(a1)
here:   j       here
`;

/** Ends with 3 * 5 + 2. */
const kernelSource = `
_start: li      a1, 5
        weekday a2
        triple.add a0, a1, a2
${powerOff}`;

const ownTlb = readFileSync(join(import.meta.dirname, '../examples/direct-mapped-tlb.ts'), 'utf8');

/** The program with no header that says its segment can be executed (p_flags at offset 4 of each, System V gABI), and no sections. */
function withoutCode(elf: Uint8Array): Uint8Array {
  const copy = elf.slice();
  const view = new DataView(copy.buffer);
  const first = Number(view.getBigUint64(32, true));
  for (let index = 0; index < view.getUint16(56, true); index++) view.setUint32(first + index * 56 + 4, 4, true);
  view.setBigUint64(40, 0n, true);
  view.setUint16(60, 0, true);
  return copy;
}

describe('bad input gets one sentence and an exit code', () => {
  const cases: [string, () => string[], number, RegExp][] = [
    ['an unknown option', () => ['compare', '--frobnicate'], ExitCode.usage, /unknown option '--frobnicate'/],
    ['an unknown command', () => ['levitate'], ExitCode.usage, /unknown command|too many arguments|levitate/],
    ['an unknown world', () => ['run', '--world', 'mars', 'hello'], ExitCode.usage, /mars/],
    ['a TLB of terabytes', () => ['run', '--tlb', '1073741824x9', 'hello'], ExitCode.usage, /at most 1048576 entries/],
    ['a wrong number', () => ['compare', '--max-instructions', 'many'], ExitCode.usage, /whole number/],
    ['a missing file', () => ['compare', '--program', join(folder, 'nothing.elf')], ExitCode.noInput, /no such file/],
    [
      'a program that is no ELF',
      () => ['compare', '--program', file('text.elf', 'not an ELF file at all')],
      ExitCode.badInput,
      /ELF/,
    ],
    [
      'a truncated ELF',
      () => ['compare', '--program', file('cut.elf', program('hello').subarray(0, 100))],
      ExitCode.badInput,
      /program header|truncated|ends/i,
    ],
    [
      'an ELF of another architecture',
      () => ['compare', '--program', file('other.elf', ofAnotherArchitecture(program('hello')))],
      ExitCode.badInput,
      /RISC-V/,
    ],
    ['a bundle without config.json', () => ['container', bundle('bundle')], ExitCode.noInput, /config\.json/],
    [
      'a bundle whose config.json is not JSON',
      () => ['container', bundle('broken', '{')],
      ExitCode.badInput,
      /config\.json/,
    ],
    [
      'an extension that is none',
      () => ['run', '--extension', file('no-extension.mjs', 'export default 3;\n'), 'hello'],
      ExitCode.badInput,
      /the extension '.*no-extension\.mjs' cannot be added to the instruction set: its default export must be an IsaExtension/,
    ],
    [
      'an extension twice',
      () => ['isa', ...['--extension', courseExtension], ...['--extension', courseExtension]],
      ExitCode.badInput,
      /course-extension\.ts' cannot be added to the instruction set: .*triple\.add/,
    ],
    [
      'an extension without its control operation',
      () => [
        ...['run', '--world', 'bare', '--extension'],
        file(
          'uncontrolled.ts',
          readFileSync(courseExtension, 'utf8').replace('export const controls', 'export const others'),
        ),
        'hello',
      ],
      ExitCode.badInput,
      /no one carries out weekday/,
    ],
    [
      'an output file that cannot be written',
      () => ['assemble', file('nop.s', 'nop\n'), '-o', join(folder, 'no', 'such', 'folder')],
      ExitCode.noInput,
      /cannot write the program '.*folder': /,
    ],
    [
      'a TLB that is none',
      () => ['compare', '--tlb', file('tlb.mjs', 'export default {};\n')],
      ExitCode.badInput,
      /the TLB '.*tlb\.mjs' must export as default a function that makes a TlbModel.*: the default export is of type object\n$/,
    ],
    [
      'a TLB without insert',
      () => ['stat', '--tlb', file('insert.ts', ownTlb.replace('insert(entry)', 'inserts(entry)')), 'hello'],
      ExitCode.badInput,
      /insert\.ts' must export .*: 'insert' is missing, not a function\n$/,
    ],
    [
      'a TLB that throws in a run',
      () => [
        ...['run', '--world', 'bare', '--tlb'],
        file(
          'late.ts',
          ownTlb
            .replace('observesHits: false', 'observesHits: true')
            .replace('counters.lookups++;', "if (++counters.lookups > 20_000) throw new Error('enough');"),
        ),
        'cpu-loop',
      ],
      ExitCode.badInput,
      /the TLB '.*late\.ts' fails: enough \(line 25 of it\)\n$/,
    ],
    [
      'a TLB that is not there',
      () => ['run', '--tlb', './nosuch.ts', 'hello'],
      ExitCode.noInput,
      /cannot read the TLB '\.\/nosuch\.ts': there is no such file\n$/,
    ],
    [
      'a world that is none',
      () => ['compare', '--world', file('none.mjs', 'export default 3;\n')],
      ExitCode.badInput,
      /WorldDefinition/,
    ],
    [
      'a world that throws when it is loaded',
      () => ['compare', '--world', file('throws.ts', "const a: number = 1;\n\nthrow new Error('my own mistake');\n")],
      ExitCode.badInput,
      /throws\.ts' cannot be loaded: my own mistake \(line 3 of it\)\n$/,
    ],
    [
      'a world that throws nothing at all',
      () => ['compare', '--world', file('null.mjs', 'throw null;\n')],
      ExitCode.badInput,
      /null\.mjs' cannot be loaded: null\n$/,
    ],
    [
      'a world that is no TypeScript',
      () => ['compare', '--world', file('syntax.ts', 'const a = 1;\nconst b = = 2;\n')],
      ExitCode.badInput,
      /syntax\.ts' cannot be loaded: .*Unexpected token \(line 2 of it\)\n$/,
    ],
    [
      'a world that imports what is not there',
      () => ['compare', '--world', file('imports.ts', "import './gone.ts';\n")],
      ExitCode.badInput,
      /imports\.ts' cannot be loaded: Cannot find module '\.\/gone\.ts' \(line 1 of it\)\n$/,
    ],
    [
      'a world that throws when it is made',
      () => ['run', '--world', file('creates.ts', userWorld("throw new Error('not today');")), 'hello'],
      ExitCode.badInput,
      /creates\.ts' fails: not today \(line 3 of it\)\n$/,
    ],
    [
      'a world that makes none',
      () => ['run', '--world', file('empty.ts', userWorld('return {};')), 'hello'],
      ExitCode.badInput,
      /must return a World/,
    ],
    [
      'an ELF of another architecture to disassemble',
      () => ['disassemble', file('other.elf', ofAnotherArchitecture(program('hello')))],
      ExitCode.badInput,
      /cannot be disassembled: expected machine RISC-V/,
    ],
    [
      'a truncated ELF to disassemble',
      () => ['disassemble', file('cut.elf', program('hello').subarray(0, 100))],
      ExitCode.badInput,
      /cut\.elf' cannot be disassembled: truncated/,
    ],
    [
      'an ELF without code to disassemble',
      () => ['disassemble', file('data.elf', withoutCode(program('hello')))],
      ExitCode.badInput,
      /cannot be disassembled: none of its sections and segments holds code/,
    ],
    [
      'an ELF file to assemble',
      () => ['assemble', file('source.s', program('hello'))],
      ExitCode.badInput,
      /the source '.*source\.s' is an ELF file; expected a text in the syntax of the GNU assembler\n$/,
    ],
    [
      'an ELF file to validate',
      () => ['validate', file('hello.elf', program('hello'))],
      ExitCode.badInput,
      /the machine file '.*hello\.elf' is an ELF file; expected a text in YAML or JSON\n$/,
    ],
    [
      'a disk image to validate',
      () => ['validate', file('disk.img', new Uint8Array(512))],
      ExitCode.badInput,
      /disk\.img' is a file of bytes; expected a text in YAML or JSON\n$/,
    ],
    [
      'a bundle that is not there',
      () => ['container', join(folder, 'nowhere')],
      ExitCode.noInput,
      /there is no folder '.*nowhere'\n$/,
    ],
    [
      'a bundle whose config.json lacks a key',
      () => [
        'container',
        bundle('keyless', '{"ociVersion":"1.2.0","root":{"path":"rootfs"},"process":{"args":["/x"]}}'),
      ],
      ExitCode.badInput,
      /keyless: config\.json: process\.cwd: expected this key, it is missing\n$/,
    ],
    [
      'a bundle without the root file system that config.json names',
      () => [
        'container',
        bundle('rootless', '{"ociVersion":"1.2.0","root":{"path":"r"},"process":{"args":["/x"],"cwd":"/"}}'),
      ],
      ExitCode.badInput,
      /\/x: no such file or directory: the folder that config\.json names as root\.path has no files\n$/,
    ],
    [
      'an instruction of the assembler for several',
      () => ['isa', 'la'],
      ExitCode.usage,
      /there is no instruction 'la': it stands for several; worldswitch assemble shows them\n$/,
    ],
    ['the beginning of an instruction', () => ['isa', 'sfence.v'], ExitCode.usage, /near to it is sfence\.vma;/],
    [
      'a kernel in place of a program',
      () => ['run', file('kernel.elf', guestKernelElf('full'))],
      ExitCode.badInput,
      /outside of the user address space; it looks like a kernel: worldswitch run --kernel .*kernel\.elf\n$/,
    ],
    [
      'an instruction that is none',
      () => ['isa', 'frobnicate'],
      ExitCode.usage,
      /'frobnicate'; 'worldswitch isa' lists/,
    ],
    [
      'an instruction without its dot',
      () => ['isa', 'sfencevma'],
      ExitCode.usage,
      /there is no instruction 'sfencevma'; near to it is sfence\.vma; 'worldswitch isa' lists all\n$/,
    ],
    [
      'a machine file with several mistakes to run',
      () => ['run', file('machine.yaml', 'kernel: Image\nmemroy: 64M\nsmp: 99\n')],
      ExitCode.badInput,
      /machine\.yaml' is wrong: line 2, memroy: .* \(and 1 more: see worldswitch validate .*machine\.yaml\)\n$/,
    ],
  ];
  it.each(cases)('%s', (_, args, code, message) => {
    const { status, stdout, stderr } = worldswitch(args());
    expect(stderr).toMatch(message);
    expect(
      stderr
        .trimEnd()
        .split('\n')
        .filter((line) => line !== '(try --help)'),
    ).toHaveLength(1);
    expect(stdout).toBe('');
    expect(status).toBe(code);
  });
});

describe('run', () => {
  it.each(['bare', 'full', 'para', 'container', 'process'])("ends with the program's own exit code in %s", (world) => {
    const { status, stdout } = worldswitch(['run', '--world', world, 'sh', '-c', 'echo from the shell; exit 7']);
    expect(stdout).toBe('from the shell\n');
    expect(status).toBe(7);
  });

  it.each(['bare', 'full', 'para', 'process'])('gives the program what is piped in, in %s', (world) => {
    const { stdout, status } = worldswitch(['run', '-i', '--world', world, 'cat'], 'line one\nline two\n');
    expect(stdout).toBe('line one\nline two\n');
    expect(status).toBe(0);
  });

  it('runs two VMs, a container and a process at once, all progressing (card 4)', () => {
    const { status, stdout } = worldswitch(['ps', '--ps', '1000000']);
    expect(status).toBe(ExitCode.ok);
    const tables = stdout.split(/^after /m).slice(1);
    const kinds = ['vm-full', 'container', 'process'];
    const instructions = tables.map((table) =>
      kinds.map((kind) =>
        [...table.matchAll(new RegExp(`${kind} .*?│\\s*\\S+( \\(\\d+\\))?\\s*│\\s*([\\d,]+)`, 'g'))].map((match) =>
          Number(match[2]?.replaceAll(',', '')),
        ),
      ),
    );
    const early = instructions.find((rows) => rows.every((row) => row.every((value) => value > 0)));
    expect(early, 'a table in which everything has run').toBeDefined();
    expect(early?.[0]).toHaveLength(2);
    expect(tables.length).toBeGreaterThan(2);
  });

  it.each(['bare', 'full', 'para', 'process'])('lets a program that reads find the end of no input, in %s', (world) => {
    const { stdout, status } = worldswitch(['run', '--world', world, 'cat']);
    expect(stdout).toBe('');
    expect(status).toBe(0);
  });

  it('refuses bare beside others', () => {
    const { status, stderr } = worldswitch(['run', '--world', 'bare,full', 'hello']);
    expect(status).toBe(ExitCode.usage);
    expect(stderr).toContain('whole machine');
  });
});

describe('container', () => {
  function programBundle(name: string, image: string, args: readonly string[] = []): string {
    const path = bundle(
      name,
      JSON.stringify({
        ociVersion: '1.2.0',
        root: { path: 'rootfs' },
        hostname: 'inside',
        process: { args: [`/bin/${image}`, ...args], cwd: '/' },
        linux: { namespaces: [{ type: 'pid' }, { type: 'mount' }, { type: 'uts' }] },
      }),
    );
    mkdirSync(join(path, 'rootfs', 'bin'), { recursive: true });
    writeFileSync(join(path, 'rootfs', 'bin', image), program(image), { mode: 0o755 });
    return path;
  }

  it("runs a bundle and ends with its program's exit code", () => {
    const { status, stdout } = worldswitch(['container', programBundle('shell', 'sh', ['-c', 'cd /bin; exit 3'])]);
    expect(stdout).toBe('');
    expect(status).toBe(3);
  });

  it('creates, starts, shows, kills and deletes a container', () => {
    const steps = 'create,state,start,run-for=100000,state,kill=KILL,state,delete';
    const { status, stdout } = worldswitch([
      'container',
      programBundle('endless', 'spin'),
      '--id',
      'c1',
      '--do',
      steps,
    ]);
    const states = [...stdout.matchAll(/^\{\n[\s\S]*?^\}/gm)].map(
      ([text]) => JSON.parse(text) as { id: string; status: string; pid: number },
    );
    expect(states.map((state) => state.status)).toEqual(['created', 'running', 'stopped']);
    expect(states[0]?.id).toBe('c1');
    expect(states[1]?.pid).toBeGreaterThan(0);
    expect(status).toBe(ExitCode.ok);
  });

  it('says what is wrong with an order of operations', () => {
    const { status, stderr } = worldswitch(['container', programBundle('order', 'hello'), '--do', 'create,delete']);
    expect(stderr).toMatch(/created/);
    expect(status).toBe(ExitCode.usage);
  });
});

describe('reference', () => {
  it('prints the page of an instruction', () => {
    const { status, stdout } = worldswitch(['isa', 'addi']);
    expect(status).toBe(0);
    expect(stdout).toContain('addi');
    expect(worldswitch(['isa', 'ADDI'])).toEqual({ status, stdout, stderr: '' });
    expect(worldswitch(['isa', 'mv'])).toEqual({
      status,
      stdout: `mv rd, rs1               stands for addi\nmv rd, rs2               stands for c.mv\n\n${stdout}`,
      stderr: '',
    });
  });
  it('knows its built-in programs', () => {
    expect(programNames).toContain('tour');
    expect(worldswitch(['run', 'no-such-program']).stderr).toContain('tour');
  });
});

describe('an extension of the user', () => {
  const example = (name: string) => join(import.meta.dirname, '../examples', name);
  const extension = ['--extension', example('course-extension.ts')];

  it('is assembled, run in every world and disassembled', () => {
    const elf = join(folder, 'course.elf');
    const assembled = worldswitch(['assemble', example('course-program.s'), ...extension, '-o', elf]);
    expect(assembled).toEqual({ status: 0, stdout: '', stderr: '' });
    const { worlds, identical } = report(worldswitch(['compare', '--json', ...extension, elf]).stdout);
    expect(identical).toBe(true);
    expect(worlds.map(({ exitCode, output }) => [exitCode, output])).toEqual(Array(5).fill([17, 'Triple it\n']));
    const { stdout } = worldswitch(['disassemble', elf, ...extension]);
    expect(stdout).toMatch(/^0{11}10000 <_start>:\n(?:.*\n)*.* weekday a2\n.* triple\.add a0,a1,a2\n/);
    expect(worldswitch(['isa', 'weekday', ...extension]).stdout).toContain('Extension: Xcourse');
    // Without it the instruction is none: SIGILL.
    expect(worldswitch(['run', elf])).toMatchObject({ status: 128 + 4, stdout: 'Triple it\n' });
  });

  it('is in whole machines', () => {
    const [source, kernel] = [file('kernel.s', kernelSource), join(folder, 'kernel.elf')];
    worldswitch(['assemble', source, ...extension, '--origin', '0x80000000', '--output', kernel]);
    const machine = ['--kernel', kernel, ...extension];
    expect(worldswitch(['run', ...machine, '--bios', 'none']).status).toBe(17);
    expect(worldswitch(['stat', ...machine, '--max-instructions', '100']).status).toBe(17);
  });
});

describe('a device of the user', () => {
  /** It gives its own number to each load. */
  const device = `export default {
    base: 0x3000_0000,
    create: () => ({ name: 'seven', size: 4, read: () => 7, write() {}, reset() {} }),
  };\n`;
  const source = `
_start: li      a0, 0x30000000
        lw      a0, 0(a0)
${powerOff}`;

  it('is on the bus of the machine', () => {
    const [kernel, seven] = [join(folder, 'seven.elf'), file('seven.ts', device)];
    const description = file('seven.yaml', `kernel: ${kernel}\nbios: none\n`);
    worldswitch(['assemble', file('seven.s', source), '--origin', '0x80000000', '-o', kernel]);
    expect(worldswitch(['run', '--kernel', kernel, '--bios', 'none', '--device', seven]).status).toBe(7);
    expect(worldswitch(['run', '--device', seven, description]).status).toBe(7);
    expect(worldswitch(['run', '--device', seven, 'hello'])).toMatchObject({
      status: ExitCode.usage,
      stderr: expect.stringContaining('--device is for a machine'),
    });
  });

  it.each([
    ['none', 'export default 3;\n', 'must export an AddedDevice as default'],
    [
      'one without read',
      device.replace('read:', 'reads:'),
      "create(connection) must return a Device, and 'read' is missing",
    ],
    ['one on top of the UART', device.replace('0x3000_0000', '0x1000_0000'), 'seven at 0x10000000 overlaps uart'],
    ['one that throws', device.replace('=> 7', "=> { throw new Error('tired'); }"), 'fails: tired (line 3 of it)'],
  ])('is refused when it is %s', (name, text, message) => {
    const kernel = join(folder, 'tired.elf');
    worldswitch(['assemble', file('tired.s', source), '--origin', '0x80000000', '-o', kernel]);
    const own = file(`${name.replaceAll(' ', '-')}.ts`, text);
    const { status, stderr } = worldswitch(['run', '--kernel', kernel, '--bios', 'none', '--device', own]);
    expect(stderr).toContain(message);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(status).toBe(ExitCode.badInput);
  });
});

describe('a TLB of the user', () => {
  const missesOf = (stdout: string) => report(stdout).worlds.reduce((sum, world) => sum + world.tlb.misses, 0);

  it('is in every world, and nothing but its misses changes', () => {
    const tlb = join(import.meta.dirname, '../examples/direct-mapped-tlb.ts');
    const [own, built] = [tlb, '1024x4'].map((model) =>
      worldswitch(['compare', '--json', '--tlb', model, 'fork-exec']),
    );
    expect(own).toMatchObject({ status: 0, stderr: '' });
    expect(missesOf(own!.stdout)).toBeGreaterThan(1.5 * missesOf(built!.stdout));
  });

  it('is told of when it breaks a law, and used', () => {
    const tlb = file('fence.ts', ownTlb.replace(/.*if \(asid !== undefined.*\n/, ''));
    const { status, stdout, stderr } = worldswitch(['run', '--tlb', tlb, 'hello']);
    expect(status).toBe(0);
    expect(stdout).toBe('Hello from RISC-V user mode\n');
    expect(stderr).toContain(
      "fence.ts' does not obey these laws of a TlbModel:\n  flush(asid) leaves other address spaces",
    );
  });
});

describe('disassemble', () => {
  it('shows what the sections mark as code, and no headers that are loaded with it', () => {
    const { stdout } = worldswitch(['disassemble', file('hello.elf', program('hello'))]);
    expect(stdout).toMatch(/^ {5}100e8: {2}7139 {6}addi sp,sp,-64\n/);
    expect(stdout).not.toContain('unimp');
  });

  it('shows the names of functions', () => {
    const { stdout } = worldswitch(['disassemble', file('kernel.elf', guestKernelElf('full'))]);
    expect(stdout).toMatch(/^ffffffc080200000 <_start>:\nffffffc080200000 <kernel_start>:\nffffffc080200000: {2}/);
    expect(stdout.match(/^[\da-f]{16} <\w+>:$/gm)?.length).toBeGreaterThan(100);
  });
});

describe('trace --events', () => {
  it('prints what a bare machine does, for people and for programs', () => {
    const text = worldswitch([
      'trace',
      '--events',
      'functions,traps',
      '--range',
      'syscall_dispatch',
      '--limit',
      '3',
      'hello',
    ]);
    expect(text.status).toBe(ExitCode.ok);
    expect(text.stdout).toMatch(/^ +\d+ 0S ffffffc0\w+ functions +call syscall_dispatch\n/);
    expect(text.stdout.trimEnd().split('\n')).toHaveLength(3);
    const json = worldswitch(['trace', '--events', 'csr', '--format', 'json', '--limit', '2', 'hello']);
    const events = json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string; subject: string });
    expect(events).toMatchObject([
      { kind: 'csr', subject: 'sie' },
      { kind: 'csr', subject: 'satp' },
    ]);
  });

  it('says what is wrong with a choice', () => {
    const wrong = (args: string[]) => {
      const { status, stderr } = worldswitch(['trace', ...args, 'hello']);
      expect(status).toBe(ExitCode.usage);
      return stderr;
    };
    expect(wrong(['--events', 'bogus'])).toContain('expected traps, mmio, csr, tlb, functions');
    expect(wrong(['--hart', '1'])).toContain('--hart chooses among events: give --events as well');
    expect(wrong(['--smp', '2'])).toContain('--smp is for a machine, which is traced by its events: give --events');
    expect(wrong(['--events', 'traps', '--smp', '2'])).toContain('--smp is for a machine: give it a --kernel as well');
    expect(wrong(['--events', 'traps', '--kernel', 'k'])).toContain("a machine runs its kernel, not 'hello' too");
    expect(wrong(['--events', 'traps', '--hart', '0,5'])).toContain('no hart 5; this machine has hart 0 alone');
    expect(wrong(['--events', 'mmio', '--range', '0x9-0x8'])).toContain("expected an END above START, got '0x9-0x8'");
    expect(wrong(['--events', 'mmio', '--range', 'kernel_mian'])).toContain(
      "there is no symbol 'kernel_mian'; near to it is kernel_main; expected one, or START-END",
    );
    expect(wrong(['--events', 'mmio', '--world', 'full'])).toContain("not the world 'full'");
    expect(wrong(['--events', 'mmio', '--range', 'nowhere'])).toContain("there is no symbol 'nowhere'; expected one");
  });
});
