/// <reference types="node" />
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { assemble } from '@worldswitch/isa';
import { type EngineName, Machine } from '../src/index.ts';

/**
 * Programs that log what traps say. They start in machine mode, log to memory and print the log at the end, so that the same bytes
 * run here and on another machine.
 *
 * Memory, identical in all modes unless a table says otherwise: 2 MiB of code and tables at BASE, then 2 MiB of single pages at
 * PAGES, which guests see through both of their leaf tables.
 */
const BASE = 0x8000_0000;
export const PAGES = 0x8020_0000;
export const PTE = { V: 1, R: 2, W: 4, X: 8, U: 16, G: 32, A: 64, D: 128, AD: 0xc0 } as const;
const { V, R, W, X, U, AD } = PTE;
const ALL = V | R | W | X | AD;

/** Offsets of tables from BASE. */
const G_ROOT = 0x1_0000;
const G_MIDDLE = 0x1_4000;
const G_LEAVES = 0x1_5000;
const VS_ROOT = 0x1_6000;
const VS_MIDDLE = 0x1_7000;
const VS_LEAVES = 0x1_8000;
const IMAGE = 0x1_9000;

const entry = (address: number, flags: number | bigint): bigint => ((BigInt(address) >> 12n) << 10n) | BigInt(flags);

/** Flags of one page at each stage; `pa`: where the G-stage has it, if not at its own address. */
export interface PageFlags {
  readonly vs?: number | bigint;
  readonly g?: number | bigint;
  readonly pa?: number;
}

export interface GuestProgram {
  /** The main program, in machine mode; it falls through to the end. */
  readonly source: string;
  /** Pages from PAGES on. */
  readonly pages?: readonly PageFlags[];
}

/** hgatp and vsatp of the tables. */
export const HGATP = (8n << 60n) | (5n << 44n) | BigInt((BASE + G_ROOT) / 4096);
const VSATP = (8n << 60n) | (3n << 44n) | BigInt((BASE + VS_ROOT) / 4096);

function imageOf({ source, pages = [] }: GuestProgram): Uint8Array {
  const image = new Uint8Array(IMAGE);
  const code = assemble(`.option norvc\n${prologue}\n${source}\n${epilogue}`, { origin: BASE }).bytes;
  if (code.length > G_ROOT) throw new Error('the program reaches the tables');
  image.set(code);
  const view = new DataView(image.buffer);
  const put = (table: number, index: number, value: bigint) => view.setBigUint64(table + index * 8, value, true);
  put(G_ROOT, 2, entry(BASE + G_MIDDLE, V));
  put(G_MIDDLE, 0, entry(BASE, ALL | U));
  put(G_MIDDLE, 1, entry(BASE + G_LEAVES, V));
  put(VS_ROOT, 2, entry(BASE + VS_MIDDLE, V));
  put(VS_MIDDLE, 0, entry(BASE, ALL));
  put(VS_MIDDLE, 1, entry(BASE + VS_LEAVES, V));
  // A table whose own page the G-stage does not have: reading an entry of it faults. And one that is read-only there.
  put(VS_MIDDLE, 2, entry(PAGES + 400 * 4096, V));
  for (const [index, { vs, g, pa }] of pages.entries()) {
    const address = PAGES + index * 4096;
    if (vs !== undefined) put(VS_LEAVES, index, entry(address, vs));
    if (g !== undefined) put(G_LEAVES, index, entry(pa ?? address, g));
  }
  return image;
}

/** Logs a register, marked as a value. */
export const log = (register: string): string =>
  `sd ${register}, 8(s11)\nli t6, 0x56\nsd t6, 0(s11)\naddi s11, s11, 16`;
export const logCsr = (csr: string): string => `csrr t5, ${csr}\n${log('t5')}`;
export const set = (csr: string, value: bigint | number): string => `li t5, ${value}\ncsrw ${csr}, t5`;

let labels = 0;
const modes = { m: 0x1800n, hs: 0x800n, u: 0n, vs: 0x80_0000_0800n, vu: 0x80_0000_0000n } as const;

/** Runs a piece in a mode and comes back to machine mode. Exceptions skip their instruction; failed fetches return to ra. */
export function inMode(mode: keyof typeof modes, body: string): string {
  const end = `end${labels++}`;
  return `
    la s10, ${end}
    li t0, 0x8000001800
    csrc mstatus, t0
    li t0, ${modes[mode]}
    csrs mstatus, t0
    la t0, 1f
    csrw mepc, t0
    mret
  1:
    ${body}
    li a7, 0x77
    ecall
  ${end}:
    li a7, 0
  `;
}

/** Registers t5, t6, s10 and s11 are the rig's. */
const prologue = `
    la t0, 1f
    csrw mtvec, t0
    li t0, -1
    csrw 0x30c, t0            # mstateen0, where it is
    .balign 4
  1:
    la t0, machine_handler
    csrw mtvec, t0
    la t0, supervisor_handler
    csrw stvec, t0
    csrw vstvec, t0
    li t0, -1
    csrw pmpaddr0, t0
    li t0, 0x1f
    csrw pmpcfg0, t0
    li s11, 0x80100000
    csrw mstatus, zero
    csrw mideleg, zero        # some set its read-only bits at the first write
    li t0, ${HGATP}
    csrw hgatp, t0
    li t0, ${VSATP}
    csrw vsatp, t0
    hfence.gvma
    hfence.vvma
`;

const epilogue = `
    j print
    .balign 4
  machine_handler:
    csrw mscratch, t6
    li t6, 0x77
    beq a7, t6, come_back
    li t6, 0x4d
    sd t6, 0(s11)
    csrr t6, mcause
    sd t6, 8(s11)
    csrr t6, mtval
    sd t6, 16(s11)
    csrr t6, mtval2
    sd t6, 24(s11)
    csrr t6, mtinst
    sd t6, 32(s11)
    csrr t6, mstatus
    sd t6, 40(s11)
    addi s11, s11, 48
    csrr t6, mcause
    bltz t6, machine_interrupt
    csrw sscratch, t5
    li t5, 0x101002           # a failed fetch returns
    srl t5, t5, t6
    andi t5, t5, 1
    csrr t6, mepc
    addi t6, t6, 4
    beqz t5, 1f
    mv t6, ra
  1:
    csrw mepc, t6
    csrr t5, sscratch
    csrr t6, mscratch
    mret
  machine_interrupt:
    csrw mie, zero
    csrr t6, mscratch
    mret
  come_back:
    li t6, 0x8000001800       # MPV would not matter with MPP machine, but not everyone knows
    csrc mstatus, t6
    li t6, 0x1800
    csrs mstatus, t6
    csrw mepc, s10
    csrr t6, mscratch
    mret
    .balign 4
  supervisor_handler:
    csrw sscratch, t6
    li t6, 0x77
    beq a7, t6, supervisor_back
    li t6, 0x53
    sd t6, 0(s11)
    csrr t6, scause
    sd t6, 8(s11)
    csrr t6, stval
    sd t6, 16(s11)
    csrr t6, sstatus
    sd t6, 24(s11)
    addi s11, s11, 32
    csrr t6, scause
    bltz t6, supervisor_interrupt
    csrr t6, sepc
    addi t6, t6, 4
    csrw sepc, t6
    csrr t6, sscratch
    sret
  supervisor_interrupt:
    csrw sie, zero
    csrr t6, sscratch
    sret
  supervisor_back:
    ecall
    j supervisor_back
  print:
    li s0, 0x80100000
    li s1, 0x10000000
  next:
    beq s0, s11, finished
    ld s2, 0(s0)
    addi s0, s0, 8
    li s3, 60
  digit:
    srl s4, s2, s3
    andi s4, s4, 15
    addi s4, s4, 48
    li s5, 58
    bltu s4, s5, 1f
    addi s4, s4, 39
  1:
    lbu s6, 5(s1)             # the transmitter is empty
    andi s6, s6, 0x20
    beqz s6, 1b
    sb s4, 0(s1)
    addi s3, s3, -4
    bgez s3, digit
  1:
    lbu s6, 5(s1)
    andi s6, s6, 0x20
    beqz s6, 1b
    li s4, 10
    sb s4, 0(s1)
    j next
  finished:
    li t0, 0x100000
    li t1, 0x5555
    sw t1, 0(t0)
  1:
    j 1b
`;

/** One line of the log. mstatus is there as its MPP, MPV and GVA, sstatus as its SPP. */
export type LogLine =
  | { readonly at: 'machine'; cause: bigint; value: bigint; gpa: bigint; inst: bigint; from: string; gva: boolean }
  | { readonly at: 'supervisor'; cause: bigint; value: bigint; from: string }
  | { readonly at: 'value'; value: bigint };

function parse(text: string): LogLine[] {
  const words = (text.match(/[0-9a-f]{16}/g) ?? []).map((digits) => BigInt(`0x${digits}`));
  const lines: LogLine[] = [];
  for (let at = 0; at < words.length; ) {
    const [kind, a, b, c, d, e] = words.slice(at, at + 6) as bigint[];
    if (kind === 0x4dn) {
      const level = ['u', 's', '?', 'm'][Number((e! >> 11n) & 3n)]!;
      const from = `${(e! >> 39n) & 1n ? 'v' : ''}${level}`;
      lines.push({ at: 'machine', cause: a!, value: b!, gpa: c!, inst: d!, from, gva: ((e! >> 38n) & 1n) === 1n });
      at += 6;
    } else if (kind === 0x53n) {
      lines.push({ at: 'supervisor', cause: a!, value: b!, from: (c! >> 8n) & 1n ? 's' : 'u' });
      at += 4;
    } else {
      lines.push({ at: 'value', value: a! });
      at += 2;
    }
  }
  return lines;
}

const memoryBytes = 16 * 2 ** 20;

/** Runs a program here. */
export function runHere(program: GuestProgram, engine: EngineName): LogLine[] {
  const output: number[] = [];
  const machine = Machine.create({
    firmware: imageOf(program),
    memoryBytes,
    engine,
    console: { write: (bytes) => output.push(...bytes), read: () => new Uint8Array(0) },
  });
  const end = machine.run({ maxInstructions: 2_000_000 });
  machine.dispose();
  if (end.reason !== 'poweroff') throw new Error(`${end.reason}: ${end.message}, ${String.fromCharCode(...output)}`);
  return parse(String.fromCharCode(...output));
}

/** Ends what hangs for good; no computer is so slow. */
const HANG_MS = 300_000;
const oracle = '/usr/bin/qemu-system-riscv64';
export const hasOracle = existsSync(oracle);

/** Runs it on the other machine. */
export function runThere(program: GuestProgram): LogLine[] {
  const folder = mkdtempSync(join(tmpdir(), 'hypervisor-'));
  try {
    writeFileSync(join(folder, 'image'), imageOf(program));
    const args = ['-machine', 'virt', '-cpu', 'rv64,h=true', '-m', '16M', '-nographic', '-bios', 'image'];
    const { stdout, error } = spawnSync(oracle, args, { cwd: folder, timeout: HANG_MS, encoding: 'latin1', input: '' });
    if (error) throw error;
    return parse(stdout);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
