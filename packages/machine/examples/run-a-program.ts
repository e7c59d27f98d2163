import { assemble } from '@worldswitch/isa';
import { Machine } from '@worldswitch/machine';

// A kernel of a few instructions. The built-in SBI starts it in supervisor mode at 0x80200000.
const kernel = assemble(
  `
    la   s0, message
next:
    lbu  a0, 0(s0)
    beqz a0, done
    li   a7, 1              # legacy console_putchar
    ecall
    addi s0, s0, 1
    j    next
done:
    li   t0, 0x100000       # the test device: bits 15:0 say fail, bits 31:16 are the exit code
    li   t1, 0x73333
    sw   t1, 0(t0)
message:
    .asciz "Hello, bare machine!\\n"
  `,
  { origin: 0x8020_0000 },
);

let output = '';
const machine = Machine.create({
  kernel: kernel.bytes,
  memoryBytes: 4 * 2 ** 20,
  console: {
    write: (bytes) => {
      output += new TextDecoder().decode(bytes);
    },
    read: () => new Uint8Array(0),
  },
});
const end = machine.run({ maxInstructions: 10_000 });
const { traps } = machine;
machine.dispose();

export { end, output, traps };
