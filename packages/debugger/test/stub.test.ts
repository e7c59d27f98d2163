/// <reference types="node" />
import { assemble } from '@worldswitch/isa';
import { Machine } from '@worldswitch/machine';
import { expect, it } from 'vitest';
import { createDebugger, GdbStub } from '../src/index.ts';

const code = assemble(
  `_start:
    li   s0, 5
    la   s1, word
loop:
    sd   s0, 0(s1)
    addi s0, s0, -1
    bnez s0, loop
    li   t0, 0x100000
    li   t1, 0x33333
    sw   t1, 0(t0)
1:  j    1b
    .balign 4096
word: .dword 0
    .asciz "}$#*"`,
  { origin: 0x8020_0000 },
);
const at = (label: string): string => code.symbols.get(label)!.toString(16);

function start(kernel = code.bytes) {
  const machine = Machine.create({ kernel, memoryBytes: 4 * 2 ** 20 });
  let sent = '';
  const stub = new GdbStub({
    debugger: createDebugger(machine),
    send: (bytes) => {
      sent += String.fromCharCode(...bytes);
    },
  });
  const raw = (text: string): string => {
    sent = '';
    stub.receive(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    while (stub.state === 'running') if (stub.advance({ maxInstructions: 1000 }).reason === 'idle') break;
    return sent;
  };
  const ask = (contents: string): string => {
    const sum = [...contents].reduce((total, character) => (total + character.charCodeAt(0)) & 0xff, 0);
    return (raw(`$${contents}#${sum.toString(16).padStart(2, '0')}`).match(/\$[^#]*#../g) ?? [])
      .map((packet) => packet.slice(1, -3))
      .join(' ');
  };
  return { machine, stub, raw, ask };
}

it('introduces itself', () => {
  const { ask, raw } = start();
  expect(ask('qSupported:multiprocess+;swbreak+')).toMatch(/^PacketSize=4000;.*vContSupported\+/);
  expect(ask('?')).toMatch(/^T05thread:1;core:0;/);
  expect(ask('qfThreadInfo')).toBe('m1');
  expect(ask('qsThreadInfo')).toBe('l');
  expect(ask('vCont?')).toBe('vCont;c;C;s;S;r');
  expect(ask('vMustReplyEmpty')).toBe('');
  const whole = ask('qXfer:features:read:target.xml:0,2000');
  expect(whole).toMatch(/^[ml]<\?xml/);
  expect(whole).toContain('org.gnu.gdb.riscv.cpu');
  const small = ask('qXfer:features:read:target.xml:5,7');
  expect(small).toBe(`m${whole.slice(6, 13)}`);
  expect(ask('qXfer:features:read:target.xml:ffffff,7')).toBe('l');
  expect(raw('$QStartNoAckMode#b0')).toBe('+$OK#9a');
  expect(raw('$qC#b4')).toBe('$QC1#c5');
});

it('acknowledges, asks for repetition and repeats', () => {
  const { raw } = start();
  expect(raw('$qC#00')).toBe('-');
  expect(raw('$qC#b4')).toBe('+$QC1#c5');
  expect(raw('-')).toBe('$QC1#c5');
});

it('reads and writes registers and memory', () => {
  const { ask } = start();
  expect(ask('p20')).toBe('0000208000000000');
  expect(ask('g')).toHaveLength(33 * 16);
  expect(ask('P5=efbe000000000000')).toBe('OK');
  expect(ask('p5')).toBe('efbe000000000000');
  expect(ask('P0=0100000000000000')).toBe('OK');
  expect(ask('p0')).toBe('0000000000000000');
  expect(ask(`M${at('word')},2:beef`)).toBe('OK');
  expect(ask(`X${at('word')},0:`)).toBe('OK');
  expect(ask(`m${at('word')},4`)).toBe('beef0000');
  expect(ask(`m${(code.symbols.get('word')! + 8n).toString(16)},5`)).toBe('7d24232a00');
  expect(ask('m10000000,1')).toBe('E0e');
  expect(ask('M0,1:00')).toBe('E0e');
  // The end of RAM: what there is, and nothing is written that does not fit.
  expect(ask('m803ffffe,8')).toHaveLength(4);
  expect(ask('M803ffffe,8:0102030405060708')).toBe('E0e');
  expect(ask('Qqemu.PhyMemMode:1')).toBe('OK');
  expect(ask('qqemu.PhyMemMode')).toBe('1');
  expect(ask(`m${at('word')},2`)).toBe('beef');
});

it('answers what makes no sense with an error or nothing, and goes on', () => {
  const { ask, raw, stub } = start();
  for (const packet of [
    '',
    'm',
    'mzz,4',
    'm80200000',
    'M80200000,4:00',
    'M80200000',
    'P',
    'P5',
    'P5=',
    'P5=zz',
    'pffffff',
    'G',
    'G00',
    'Hx1',
    'Hg77',
    'T9',
    'Z',
    'Z0',
    'Z0,zz,4',
    'Z9,0,4',
    'Z2,80200000,fffffff',
    'z0,80200000',
    'vCont;x',
    'vCont;s:99',
    'vCont;r1:1',
    'vCont;',
    'qRcmd,zz',
    'qXfer:features:read:other.xml:0,10',
    'qXfer:nothing:read::0,10',
    'qXfer:',
    'q',
    'Q',
    'v',
    'v;;',
    '!',
    'czz',
    'qThreadExtraInfo,9',
    '\u00ff\u00fe',
  ]) {
    expect(ask(packet), packet).toMatch(/^(E..)?$/);
  }
  raw('#####$$$$}}}}#00\u0000\u0001');
  expect(stub.state).toBe('halted');
  expect(ask('qC')).toBe('QC1');
});

it('stops at breakpoints, watchpoints and steps, and tells where', () => {
  const { ask, machine } = start();
  expect(ask(`Z0,${at('loop')},4`)).toBe('OK');
  expect(ask('c')).toMatch(/^T05thread:1;core:0;hwbreak:;/);
  expect(machine.board.vcpu.pc).toBe(code.symbols.get('loop'));
  expect(ask('s')).toMatch(/^T05thread:1;core:0;02:/);
  expect(ask('c')).toContain('hwbreak');
  expect(machine.board.vcpu.readX(8)).toBe(4n);
  expect(ask(`z0,${at('loop')},4`)).toBe('OK');
  expect(ask(`Z2,${at('word')},8`)).toBe('OK');
  expect(ask('vCont;c')).toContain(`;watch:${at('word')};`);
  expect(machine.board.ram.read64(Number(code.symbols.get('word')))).toBe(4n);
  expect(ask('vCont;s:1')).toMatch(/^T05/);
  const [start_, end] = [at('loop'), (code.symbols.get('loop')! + 12n).toString(16)];
  expect(ask(`z2,${at('word')},8`)).toBe('OK');
  expect(ask(`vCont;r${start_},${end}:1`)).toMatch(/^T05/);
  expect(machine.board.vcpu.pc).toBe(code.symbols.get('loop')! + 12n);
  expect(ask('c')).toBe('W03');
  machine.dispose();
});

it('is interrupted while it runs', () => {
  const forever = assemble('_start: j _start', { origin: 0x8020_0000 }).bytes;
  const machine = Machine.create({ kernel: forever, memoryBytes: 4 * 2 ** 20 });
  let sent = '';
  const stub = new GdbStub({
    debugger: createDebugger(machine),
    send: (bytes) => {
      sent += String.fromCharCode(...bytes);
    },
  });
  stub.receive(Uint8Array.from('$c#63', (character) => character.charCodeAt(0)));
  stub.advance({ maxInstructions: 10_000 });
  expect(stub.state).toBe('running');
  sent = '';
  stub.receive(Uint8Array.of(3));
  expect(sent).toMatch(/^\$T02thread:1;/);
  expect(stub.state).toBe('halted');
  stub.receive(Uint8Array.from('$D#44', (character) => character.charCodeAt(0)));
  expect(stub.state).toBe('detached');
  machine.dispose();
});

it('shows a machine that cannot go on', () => {
  const { ask } = start(assemble('_start: unimp', { origin: 0x8020_0000 }).bytes);
  const reply = ask('c');
  expect(reply).toMatch(/^O[0-9a-f]+ T06thread:1/);
  expect(ask('p20')).toHaveLength(16);
  expect(ask('c')).toMatch(/T06/);
});

const seed = Number(process.env.WORLDSWITCH_SEED);

it(`takes whatever comes over the line without failing (seed ${seed})`, () => {
  let state = seed;
  const below = (limit: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  const pick = <T>(list: readonly T[]): T => list[below(list.length)]!;
  const number = () =>
    pick(['0', '1', '-1', '7fffffff', 'ffffffff', 'ffffffffffffffff', '80200000', '100000', '', 'g', '1fff', '20']);
  const hex = () => Array.from({ length: below(40) }, () => below(16).toString(16)).join('');
  const commands = `help,info registers,info tlb,info mem,info cpus,info mtree,info status,gva2gpa 0x80200000,xp /9i 0x80200000,x /99999gx 0,trace`;
  const monitor = () =>
    `qRcmd,${[...pick([...commands.split(','), hex()])].map((c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join('')}`;
  const packets: readonly (() => string)[] = [
    () => `${pick([...'?gGpPmMXZzHTcsCSbqQvFz!'])}${number()},${number()}${pick([':', '=', ';', ''])}${hex()}`,
    () => `P${below(5000).toString(16)}=${pick([hex(), 'ffffffffffffffff', '00'])}`,
    () => `p${below(5000).toString(16)}`,
    () => `G${hex()}${'f'.repeat(below(600))}`,
    () => `${pick(['Z', 'z'])}${below(6)},${number()},${number()}`,
    () => `vCont;${pick([...'cCsSrt'])}${number()}${pick([':', ',', ';'])}${number()}`,
    () => `H${pick(['g', 'c', ''])}${number()}`,
    () => `qXfer:${pick(['features', 'threads', ''])}:read:target.xml:${number()},${number()}`,
    () => `M${number()},${below(20).toString(16)}:${hex()}`,
    () => `X${pick(['80201000', number()])},4:abcd`,
    () => pick(['bs', 'bc', 's', 'qC', 'QStartNoAckMode', 'Qqemu.PhyMemMode:1', 'Qqemu.PhyMemMode:0']),
    monitor,
    () => String.fromCharCode(...Array.from({ length: below(30) }, () => below(256))),
  ];
  for (let round = 0; round < 4; round++) {
    const { machine, stub, ask } = start();
    const send = (contents: string) => {
      const bytes = [...contents].map((character) => character.charCodeAt(0));
      const sum = bytes.reduce((total, byte) => (total + byte) & 0xff, 0);
      const tail = [...`#${sum.toString(16).padStart(2, '0')}`].map((character) => character.charCodeAt(0));
      stub.receive(Uint8Array.from([0x24, ...bytes, ...tail]));
    };
    for (let count = 0; count < 250 && stub.state !== 'ended' && stub.state !== 'killed'; count++) {
      const contents = pick(packets)();
      try {
        send(contents);
        for (let slice = 0; slice < 3 && stub.state === 'running'; slice++) stub.advance({ maxInstructions: 500 });
        if (stub.state === 'running') stub.interrupt();
      } catch (error) {
        throw new Error(`after ${JSON.stringify(contents)}`, { cause: error });
      }
    }
    if (stub.state === 'halted') expect(ask('m80200000,4')).toMatch(/^(?:[0-9a-f]{8}|E0e)/);
    machine.dispose();
  }
});
