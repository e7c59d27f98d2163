import { assemble } from '@worldswitch/isa';

const ORIGIN = 0x1_0000;
const FILE_OFFSET = 0x1000;

/** Linux calls as pseudo-operations are not worth it: `li a7, <number>; ecall` with these. */
const constants = `
.equ SYS_pipe2, 59
.equ SYS_read, 63
.equ SYS_write, 64
.equ SYS_close, 57
.equ SYS_exit, 93
.equ SYS_futex, 98
.equ SYS_nanosleep, 101
.equ SYS_clock_gettime, 113
.equ SYS_sched_yield, 124
.equ SYS_kill, 129
.equ SYS_rt_sigaction, 134
.equ SYS_rt_sigprocmask, 135
.equ SYS_uname, 160
.equ SYS_sethostname, 161
.equ SYS_unshare, 97
.equ SYS_getpid, 172
.equ SYS_getppid, 173
.equ SYS_brk, 214
.equ SYS_munmap, 215
.equ SYS_clone, 220
.equ SYS_mmap, 222
.equ SYS_mprotect, 226
.equ SYS_wait4, 260
`;

/** A static Linux program from assembly: one segment, which may be read, written and executed. */
export function assemblyProgram(source: string): Uint8Array {
  const { bytes, entry } = assemble(`${constants}\n.globl _start\n${source}`, { origin: ORIGIN });
  return elfFile(bytes, Number(entry));
}

/** The smallest ELF file around some code (System V gABI). */
function elfFile(code: Uint8Array, entry = ORIGIN): Uint8Array {
  const file = new Uint8Array(FILE_OFFSET + code.length);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(16, 2, true);
  view.setUint16(18, 243, true);
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(entry), true);
  view.setBigUint64(32, 64n, true);
  view.setUint16(52, 64, true);
  view.setUint16(54, 56, true);
  view.setUint16(56, 1, true);
  view.setUint32(64, 1, true);
  view.setUint32(68, 7, true);
  view.setBigUint64(72, BigInt(FILE_OFFSET), true);
  view.setBigUint64(80, BigInt(ORIGIN), true);
  view.setBigUint64(88, BigInt(ORIGIN), true);
  view.setBigUint64(96, BigInt(code.length), true);
  view.setBigUint64(104, BigInt(code.length + 4096), true);
  view.setBigUint64(112, 4096n, true);
  file.set(code, FILE_OFFSET);
  return file;
}
