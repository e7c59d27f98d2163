import { type AssembledProgram, assemble, defaultInstructionSet, type Instruction } from '@worldswitch/isa';

/** Numbers in [0, 2^32), the same for the same seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** Where things are. */
export interface Layout {
  readonly code: number;
  readonly userCode: bigint;
  readonly codePages: number;
  readonly data: number;
  readonly dataPages: number;
  readonly tables: number;
  readonly stacks: number;
}

/**
 * Where things are in virtual memory. Code is mapped twice: for supervisor mode, and at USER_CODE for user mode, where the same
 * instructions run with other addresses.
 */
export const layout: Layout = {
  code: 0x4000_0000,
  userCode: 0x8000_0000n,
  codePages: 12,
  /** 16 pages in a row: readable and writable, two read-only, two supervisor-only, two missing, among others. */
  data: 0x5000_0000,
  dataPages: 16,
  /** The leaf page table of `data`, writable by the program. */
  tables: 0x6000_0000,
  /** A save area and a stack of each context. */
  stacks: 0x7000_0000,
};

/** Where they are in physical memory of 1 MiB, for programs without translation: the last of the data pages lie beyond RAM. */
export const physicalLayout: Layout = {
  code: 0x8001_0000,
  userCode: 0x8001_0000n,
  codePages: 12,
  data: 0x800f_3000,
  dataPages: 16,
  tables: 0x8008_0000,
  stacks: 0x8006_4000,
};

/** Registers that random instructions leave alone: ra sp tp s8 s9 s10 s11. */
const reserved = new Set([1, 2, 4, 24, 25, 26, 27]);

const set = defaultInstructionSet();
const isSimple = (row: Instruction): boolean =>
  row.semantics.every((statement) => statement.kind === 'setX' || statement.kind === 'let') &&
  !row.name.startsWith('c.j');
const computing = set.rows.filter((row) => isSimple(row) && !JSON.stringify(row.semantics, big).includes('"load"'));
const loading = set.rows.filter(
  (row) =>
    row.semantics.length === 1 && JSON.stringify(row.semantics, big).includes('"load"') && !row.name.startsWith('c.'),
);
const storing = set.rows.filter((row) => row.semantics[0]?.kind === 'store' && !row.name.startsWith('c.'));
const atomic = set.rows.filter((row) =>
  ['amo', 'loadReserved', 'storeConditional'].includes(row.semantics[0]?.kind ?? ''),
);

function big(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}

/** A program of random chunks that loop, call each other, trap, and change their own code and page tables. */
export function randomProgram(random: () => number, place: Layout = layout, hasGuests = false): AssembledProgram {
  const pick = <Item>(items: readonly Item[]): Item => items[random() % items.length]!;
  const between = (low: number, high: number): number => low + (random() % (high - low + 1));
  const free = (): number => {
    for (;;) {
      const register = between(3, 31);
      if (!reserved.has(register)) return register;
    }
  };
  const any = (): number => between(0, 31);
  const chunks = between(6, 14);

  /** Random bits of a row, as a data directive, with a destination that is not reserved. */
  const encoded = (rows: readonly Instruction[]): string => {
    for (;;) {
      const row = pick(rows);
      let bits = '';
      for (const character of row.encoding.replaceAll(' ', '')) {
        bits += character === '0' || character === '1' ? character : character === 'z' ? '0' : String(random() & 1);
      }
      const decoded = set.decode(Number.parseInt(bits, 2));
      if (!decoded || decoded.instruction.name !== row.name || reserved.has(decoded.rd)) continue;
      return decoded.length === 2 ? `.2byte ${decoded.bits}` : `.4byte ${decoded.bits}`;
    }
  };
  const addressed = (rows: readonly Instruction[], pointer: number): string => {
    const { name, syntax } = pick(rows);
    const offset = pick([between(-64, 64) * 8, between(-520, 520), between(-2048, 2047), between(-4, 4)]);
    const register = syntax.startsWith('f') ? `f${any()}` : `x${syntax.startsWith('rd') ? free() : any()}`;
    return `${name} ${register}, ${offset}(x${pointer})`;
  };

  let labels = 0;
  /** Accesses around one register, as to a stack frame or a record; now and then the register changes in between. */
  const frame = (): string[] => {
    const lines: string[] = [];
    const start = pick([0, -16, 8 * between(-60, 60), between(-300, 300)]);
    // Near the border of two pages, often.
    if (random() & 1) lines.push(`li x26, ${place.data + between(1, place.dataPages - 1) * 4096 - 8 * between(0, 40)}`);
    for (let i = between(3, 8); i > 0; i--) {
      const { name, syntax } = pick(random() & 1 ? loading : storing);
      const register = syntax.startsWith('f') ? `f${any()}` : `x${syntax.startsWith('rd') ? free() : any()}`;
      lines.push(`${name} ${register}, ${start + pick([8 * i, 8 * between(0, 20), between(0, 90)])}(x26)`);
      if (random() % 12 === 0) lines.push(`addi x26, x26, ${pick([8, -8, 1, 64])}`);
      if (random() % 12 === 0) lines.push(...remap());
      if (random() % 8 === 0) lines.push(encoded(computing));
    }
    return lines;
  };
  const straight = (): string[] => {
    const kind = random() % (hasGuests ? 50 : 42);
    if (kind >= 42) return ofHypervisor();
    if (kind >= 40) return frame();
    if (kind < 18) return [encoded(computing)];
    if (kind < 24) return [addressed(loading, 26)];
    if (kind < 29) return [addressed(storing, 26)];
    if (kind === 29) return [addressed(random() & 1 ? loading : storing, free())];
    if (kind < 32) return [encodedAtomic()];
    if (kind < 34) return [`li x26, ${place.data + between(0, place.dataPages * 4096 - 1)}`];
    if (kind === 34) return [`li x26, ${place.data + between(0, 1) * 4096 + between(0, 511) * 8}`];
    if (kind === 35)
      return random() & 1
        ? [`csrw ${pick(['fflags', 'frm', 'fcsr'])}, x${any()}`]
        : [`csrr x${free()}, ${pick(['instret', 'cycle', 'time', 'scause', 'sepc', 'sstatus', 'fcsr'])}`];
    if (kind === 36) return [pick(['ecall', 'ebreak', '.4byte 0xffffffff', 'fence', 'fence.i', '.2byte 0'])];
    if (kind === 37) return patch();
    if (kind === 38) return remap();
    return switchSpace();
  };
  const encodedAtomic = (): string => {
    const { name } = pick(atomic);
    return name.startsWith('lr') ? `${name} x${free()}, (x25)` : `${name} x${free()}, x${any()}, (x25)`;
  };
  /** Overwrites an instruction that runs soon, or somewhere else. */
  const patch = (): string[] => {
    const label = random() & 1 ? `patch${between(0, chunks - 1)}` : `p${labels++}`;
    const instruction = (encodedWord() | 0) >>> 0;
    const here = label.startsWith('p') && !label.startsWith('patch') ? [`${label}: .4byte ${encodedWord()}`] : [];
    return [
      `la x5, ${label}`,
      `li x6, ${instruction}`,
      // Three of a kind share a check.
      ...pick([['sw x6, 0(x5)'], ['sb x6, 0(x5)'], ['sw x6, 0(x5)', 'sw x6, 0(x5)', 'sw x6, 0(x5)']]),
      ...(random() & 1 ? ['fence.i'] : []),
      ...here,
    ];
  };
  const encodedWord = (): number => {
    for (;;) {
      const text = encoded(computing);
      if (text.startsWith('.4byte')) return Number(text.slice(7));
    }
  };
  /** Swaps two leaves of the data pages, or makes one invalid or valid; mostly followed by a fence. */
  const remap = (): string[] => {
    const [first, second] = [between(0, 15) * 8, between(0, 15) * 8];
    const change = pick([
      [`ld x6, ${first}(x5)`, `ld x7, ${second}(x5)`, `sd x7, ${first}(x5)`, `sd x6, ${second}(x5)`],
      [`ld x6, ${first}(x5)`, 'xori x6, x6, 1', `sd x6, ${first}(x5)`],
      [`ld x6, ${first}(x5)`, 'xori x6, x6, 4', `sd x6, ${first}(x5)`],
    ]);
    const fence = pick(['sfence.vma', 'sfence.vma x26, x0', `sfence.vma x0, x${free()}`, 'nop']);
    return [`li x5, ${place.tables}`, ...change, fence];
  };
  /** Instructions of the hypervisor extension, and CSRs that guests may not have. */
  const ofHypervisor = (): string[] => [
    pick([
      `${pick(['hlv.b', 'hlv.hu', 'hlvx.hu', 'hlv.w', 'hlvx.wu', 'hlv.d'])} x${free()}, (x26)`,
      `${pick(['hlv.d', 'hlv.w'])} x${free()}, (x25)`,
      `${pick(['hsv.b', 'hsv.h', 'hsv.w', 'hsv.d'])} x${any()}, (x26)`,
      `${pick(['hfence.vvma', 'hfence.gvma', 'hfence.vvma x26, x0', 'sinval.vma x0, x0', 'hinval.gvma x0, x0'])}`,
      `csrr x${free()}, ${pick(['hstatus', 'vsstatus', 'htval', 'htinst', 'hgatp', 'vsatp', 'sip', 'vsip', 'hip', 'time', 'stimecmp'])}`,
      `csrwi ${pick(['hvip', 'hip', 'sip', 'vsip', 'sie'])}, ${pick([0, 2, 4, 6])}`,
      `csrw ${pick(['vstimecmp', 'vsepc', 'vscause', 'htval'])}, x${any()}`,
      `csrs hvip, x${any()}`,
    ]),
  ];
  /** Changes the ASID, keeping the table: other entries of the TLB become visible. */
  const switchSpace = (): string[] => [
    'csrr x5, satp',
    'li x6, 1',
    'slli x6, x6, 44',
    'xor x5, x5, x6',
    'csrw satp, x5',
  ];

  const body = (length: number, chunk: number): string[] => {
    const lines: string[] = [];
    const label = (): string => `l${labels++}`;
    while (lines.length < length) {
      const kind = random() % 16;
      if (kind < 10) lines.push(...straight());
      else if (kind < 13) {
        const skip = label();
        const branch = pick(['beq', 'bne', 'blt', 'bge', 'bltu', 'bgeu']);
        lines.push(`${branch} x${any()}, x${any()}, ${skip}`);
        for (let i = between(1, 4); i > 0; i--) lines.push(...straight());
        lines.push(`${skip}:`);
      } else if (kind === 13) {
        const [again, counter] = [label(), 27];
        lines.push(`li x${counter}, ${between(2, 40)}`, `${again}:`);
        for (let i = between(1, 8); i > 0; i--) lines.push(...straight());
        if (random() % 3 === 0)
          lines.push(`beq x${any()}, x${any()}, ${pick(lines.filter((line) => line.endsWith(':'))).slice(0, -1)}`);
        lines.push(`addi x${counter}, x${counter}, -1`, `bnez x${counter}, ${again}`);
      } else if (kind === 14) {
        const target = chunk + 1 < chunks ? `function${between(chunk + 1, chunks - 1)}` : 'leaf';
        lines.push(pick([[`call ${target}`], [`la x5, ${target}`, 'jalr ra, 0(x5)'], ['call leaf']]).join('\n'));
      } else {
        // A jump to one of two places.
        const [to, other, chosen] = [label(), label(), label()];
        lines.push(`la x27, ${to}`, `bltu x${any()}, x${any()}, ${chosen}`, `la x27, ${other}`);
        lines.push(`${chosen}: ${pick(['jr x27', 'mv x5, x27\njr x5'])}`, '.4byte 0', `${to}:`, ...straight());
        lines.push(`${other}:`);
      }
    }
    return lines;
  };

  const source: string[] = [prologue(chunks, place, hasGuests)];
  for (let chunk = 0; chunk < chunks; chunk++) {
    source.push(`.balign ${pick([2, 4, 64, 1024])}`);
    source.push(`function${chunk}:`, 'addi sp, sp, -16', 'sd ra, 8(sp)', 'sd s11, 0(sp)');
    source.push(...body(between(8, 60), chunk));
    source.push(`patch${chunk}: .4byte ${encodedWord()}`);
    source.push('ld ra, 8(sp)', 'ld s11, 0(sp)', 'addi sp, sp, 16', 'ret');
  }
  source.push('leaf:', 'addi x10, x10, 1', 'add x11, x11, x10', 'ret');
  // Runs when control got lost into the rest of the last page.
  return assemble(source.join('\n'), { origin: place.code });
}

/** 32(tp) is 1 for a hypervisor; 40(tp) counts its calls. */
const changeWorld = `
  ld t1, 32(tp)
  beqz t1, out
  ld t1, 40(tp)
  addi t1, t1, 1
  sd t1, 40(tp)
  andi t1, t1, 3
  bnez t1, out
  csrr t1, hstatus
  xori t1, t1, 0x80
  csrw hstatus, t1`;
const leaveGuest = `
  ld t1, 32(tp)
  beqz t1, 1f
  li t1, 0x80
  csrc hstatus, t1
1:`;

/**
 * The trap handler and the loop over all chunks. tp points to the context's save area, s8 to the top of its stack.
 * An environment call changes between supervisor and user mode; a failed fetch goes on with the next chunk; other exceptions
 * skip their instruction. With guests, each fourth environment call that comes to a hypervisor also enters or leaves its guest, whose
 * memory is the same, and what fails there on fetches goes on in the hypervisor.
 */
function prologue(chunks: number, place: Layout, hasGuests: boolean): string {
  const chunkTable = Array.from({ length: chunks }, (_, chunk) => `.4byte function${chunk} - table`).join('\n');
  return `
_start:
  la t0, handler
  csrw stvec, t0
  csrw sscratch, tp
  li t0, 0x46022
  csrs sstatus, t0
  li t0, 0x20
  csrs sie, t0
main:
  mv sp, s8
  li t1, ${place.stacks}
  ld t0, 256(t1)
  addi t2, t0, 1
  sd t2, 256(t1)
  li t1, ${chunks}
  remu t0, t0, t1
  slli t0, t0, 2
  la t1, table
  add t0, t0, t1
  lw t0, 0(t0)
  add t0, t0, t1
  jalr ra, 0(t0)
  j main
.balign 4
table:
${chunkTable}
.balign 4
handler:
  csrrw tp, sscratch, tp
  sd t0, 0(tp)
  sd t1, 8(tp)
  sd t2, 16(tp)
  csrr t0, scause
  bltz t0, interrupt
  addi t1, t0, -8
  beqz t1, call
  addi t1, t0, -9
  beqz t1, call
  addi t1, t0, -10
  beqz t1, call
  addi t1, t0, -20
  beqz t1, lost
  addi t1, t0, -12
  beqz t1, lost
  addi t1, t0, -1
  beqz t1, lost
  beqz t0, lost
  csrr t1, sepc
  lhu t2, 0(t1)
  andi t2, t2, 3
  addi t2, t2, -3
  addi t1, t1, 2
  bnez t2, short
  addi t1, t1, 2
short:
  csrw sepc, t1
  j out
call:
  csrr t1, sepc
  addi t1, t1, 4
  li t2, ${place.userCode ^ BigInt(place.code)}
  xor t1, t1, t2
  csrw sepc, t1
  csrr t1, sstatus
  xori t1, t1, 0x100
  csrw sstatus, t1
  ${hasGuests ? changeWorld : ''}
  j out
lost:
  ${hasGuests ? leaveGuest : ''}
  la t1, main
  csrw sepc, t1
  li t1, 0x100
  csrs sstatus, t1
  j out
interrupt:
  csrr t0, time
  ld t1, 24(tp)
  li t2, 25214903917
  mul t1, t1, t2
  addi t1, t1, 11
  sd t1, 24(tp)
  srli t1, t1, 40
  andi t1, t1, 63
  add t0, t0, t1
  addi t0, t0, 1
  csrw stimecmp, t0
out:
  ld t0, 0(tp)
  ld t1, 8(tp)
  ld t2, 16(tp)
  csrrw tp, sscratch, tp
  sret
`;
}
