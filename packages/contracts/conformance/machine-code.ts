/**
 * Just enough RV64 encodings for the programs that laws run, restated from the unprivileged ISA's listings rather than taken from
 * a table that might be wrong. Registers are numbers; offsets are in bytes from the instruction.
 */
const iType = (opcode: number, funct3: number, rd: number, rs1: number, immediate: number) =>
  (((immediate & 0xfff) << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode) >>> 0;
const sType = (funct3: number, rs2: number, rs1: number, offset: number) =>
  ((((offset >> 5) & 0x7f) << 25) | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | ((offset & 0x1f) << 7) | 0x23) >>> 0;
const bType = (funct3: number, rs1: number, rs2: number, offset: number) =>
  ((((offset >> 12) & 1) << 31) |
    (((offset >> 5) & 0x3f) << 25) |
    (rs2 << 20) |
    (rs1 << 15) |
    (funct3 << 12) |
    (((offset >> 1) & 0xf) << 8) |
    (((offset >> 11) & 1) << 7) |
    0x63) >>>
  0;
const rType = (opcode: number, funct3: number, funct7: number, rd: number, rs1: number, rs2: number) =>
  ((funct7 << 25) | (rs2 << 20) | (rs1 << 15) | (funct3 << 12) | (rd << 7) | opcode) >>> 0;

export const addi = (rd: number, rs1: number, immediate: number) => iType(0x13, 0, rd, rs1, immediate);
export const slli = (rd: number, rs1: number, shift: number) => iType(0x13, 1, rd, rs1, shift);
export const lui = (rd: number, upper: number) => (((upper & 0xf_ffff) << 12) | (rd << 7) | 0x37) >>> 0;
export const auipc = (rd: number, upper: number) => (((upper & 0xf_ffff) << 12) | (rd << 7) | 0x17) >>> 0;
export const sub = (rd: number, rs1: number, rs2: number) => rType(0x33, 0, 0x20, rd, rs1, rs2);
export const mul = (rd: number, rs1: number, rs2: number) => rType(0x33, 0, 1, rd, rs1, rs2);
export const divu = (rd: number, rs1: number, rs2: number) => rType(0x33, 5, 1, rd, rs1, rs2);
export const addw = (rd: number, rs1: number, rs2: number) => rType(0x3b, 0, 0, rd, rs1, rs2);
export const lw = (rd: number, offset: number, rs1: number) => iType(0x03, 2, rd, rs1, offset);
export const ld = (rd: number, offset: number, rs1: number) => iType(0x03, 3, rd, rs1, offset);
export const sw = (rs2: number, offset: number, rs1: number) => sType(2, rs2, rs1, offset);
export const sd = (rs2: number, offset: number, rs1: number) => sType(3, rs2, rs1, offset);
export const bne = (rs1: number, rs2: number, offset: number) => bType(1, rs1, rs2, offset);
export const jal = (rd: number, offset: number) =>
  ((((offset >> 20) & 1) << 31) |
    (((offset >> 1) & 0x3ff) << 21) |
    (((offset >> 11) & 1) << 20) |
    (((offset >> 12) & 0xff) << 12) |
    (rd << 7) |
    0x6f) >>>
  0;
export const jalr = (rd: number, offset: number, rs1: number) => iType(0x67, 0, rd, rs1, offset);
export const amoaddW = (rd: number, rs2: number, rs1: number) => rType(0x2f, 2, 0, rd, rs1, rs2);
export const lrD = (rd: number, rs1: number) => rType(0x2f, 3, 0x08, rd, rs1, 0);
export const scD = (rd: number, rs2: number, rs1: number) => rType(0x2f, 3, 0x0c, rd, rs1, rs2);
export const ECALL = 0x0000_0073;
export const EBREAK = 0x0010_0073;
export const FENCE_I = 0x0000_100f;
export const SRET = 0x1020_0073;
export const MRET = 0x3020_0073;
/** sfence.vma x0, x0 */
export const SFENCE_VMA = 0x1200_0073;
/** csrrw x0, mstatus, x0 */
export const WRITE_MSTATUS = 0x3000_1073;
/** csrrs x5, satp, x0 */
export const READ_SATP = 0x1800_22f3;

/** Words of instructions as bytes in memory. */
export function bytesOf(words: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(words.length * 4);
  const view = new DataView(bytes.buffer);
  words.forEach((word, index) => {
    view.setUint32(index * 4, word, true);
  });
  return bytes;
}
