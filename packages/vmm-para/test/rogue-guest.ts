import type { HostKernel, World, WorldSpec } from '@worldswitch/contracts';
import { assemble } from '@worldswitch/isa';
import { KERNEL_MAGIC, paraWorld } from '../src/index.ts';
import { createHost } from './test-world.ts';

const VIRTUAL_BASE = 0xffff_ffc0_0000_0000n;
const IMAGE_START = VIRTUAL_BASE + 0x20_0000n;
const HEADER_BYTES = 48;

/** Shorthands for what rogue guests do: `call N` makes a hypercall, `a0` to `a2` loaded before. */
const prelude = `
  .equ SET_TRAP_TABLE, 0
  .equ MMU_UPDATE, 1
  .equ MULTICALL, 13
  .equ SET_TIMER, 15
  .equ CONSOLE, 18
  .equ GRANT, 20
  .equ IRET, 23
  .equ MMUEXT, 26
  .equ SCHED, 29
  .equ EVENT, 32
`;

/**
 * A raw paravirtual kernel of a few instructions. At `start` a0 is the start-info page, s0 too. The program ends by
 * `shutdown`: exit code in a0, at most 255. `data` is 4 KiB of writable memory, `list` is 16-byte aligned in it.
 * @param data assembly of more writable data.
 */
export function createRogueKernel(body: string, data = ''): Uint8Array {
  const code = assemble(
    `${prelude}
    start:
      mv s0, a0
      la sp, stack_top
      ${body}
    shutdown:
      mv a1, a0
      li a0, 2
      li a7, SCHED
      ecall
      j shutdown
      .balign 4096
    data:
      .zero 2048
    list:
      .zero 2048
      ${data}
      .balign 16
      .zero 4096
    stack_top:
    image_end:
    `,
    { origin: IMAGE_START + BigInt(HEADER_BYTES) },
  );
  const symbol = (name: string) => code.symbols.get(name)!;
  const image = new Uint8Array(HEADER_BYTES + code.bytes.length);
  const view = new DataView(image.buffer);
  image.set(new TextEncoder().encode(KERNEL_MAGIC));
  const fields = [VIRTUAL_BASE, symbol('start'), IMAGE_START, symbol('data'), symbol('image_end')];
  for (const [index, value] of fields.entries()) view.setBigUint64(8 + index * 8, value, true);
  image.set(code.bytes, HEADER_BYTES);
  return image;
}

/** A world with such a kernel. */
export function createRogueWorld(
  body: string | { readonly code: string; readonly data: string },
  spec: Partial<WorldSpec> = {},
  host: HostKernel = createHost(),
): { world: World; host: HostKernel } {
  const world = paraWorld.create(host, {
    name: 'rogue',
    program: { image: new Uint8Array(0), arguments: [] },
    memoryBytes: 8 << 20,
    guest: {
      kernel: typeof body === 'string' ? createRogueKernel(body) : createRogueKernel(body.code, body.data),
    },
    ...spec,
  });
  return { world, host };
}
