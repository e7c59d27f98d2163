import { GuestOsError } from './guest-os-error.ts';
import { kernel, programs, rogueKernels } from './images.generated.ts';

/** `full`: the unmodified kernel, for bare machines and full virtualization; `para`: its paravirtual port. */
export type KernelVariant = 'full' | 'para';

function decode(base64: string): Uint8Array {
  const text = atob(base64);
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function image(table: Readonly<Record<string, string>>, file: string, what: string): Uint8Array {
  const base64 = Object.hasOwn(table, file) ? table[file] : undefined;
  if (base64 === undefined) throw new GuestOsError(`${what} is not among the built images (${file})`);
  return decode(base64);
}

function names(table: Readonly<Record<string, string>>, extension: string): string[] {
  return Object.keys(table)
    .filter((file) => file.endsWith(extension))
    .map((file) => file.slice(0, -extension.length));
}

const kernelName = (variant: KernelVariant) => (variant === 'para' ? 'kernel-para' : 'kernel');

/**
 * The kernel as a raw image with the header of Linux's RISC-V boot protocol (Documentation/arch/riscv/boot-image-header.rst).
 * Load it at physical 0x80200000 (RAM start + 2 MiB) and enter it there in S-mode, translation off, with a0 = hart id and
 * a1 = physical address of the device tree. A fresh copy each call.
 *
 * @throws GuestOsError when the variant has not been built.
 */
export function guestKernel(variant: KernelVariant): Uint8Array {
  return image(kernel, `${kernelName(variant)}.image`, `the ${variant} guest kernel`);
}

/**
 * The same kernel as an ELF file with its symbol table, for loaders that take ELF and for traces with function names.
 * Symbols are virtual addresses (physical + 0xffffffc000000000); p_paddr and e_entry are physical.
 *
 * @throws GuestOsError when the variant has not been built.
 */
export function guestKernelElf(variant: KernelVariant): Uint8Array {
  return image(kernel, `${kernelName(variant)}.elf`, `the ${variant} guest kernel`);
}

/** Names that {@link program} knows, in alphabetical order. */
export const programNames: readonly string[] = names(programs, '.elf');

/**
 * A program as a static RV64 Linux ELF file. A fresh copy each call.
 *
 * @throws GuestOsError for a name that is not in {@link programNames}.
 */
export function program(name: string): Uint8Array {
  return image(programs, `${name}.elf`, `program "${name}"`);
}

/** Names that {@link rogueKernel} knows. */
export const rogueKernelNames: readonly string[] = names(rogueKernels, '.image');

/**
 * A tiny S-mode kernel that misbehaves, for negative tests; loaded and entered like {@link guestKernel}.
 *
 * @throws GuestOsError for a name that is not in {@link rogueKernelNames}.
 */
export function rogueKernel(name: string): Uint8Array {
  return image(rogueKernels, `${name}.image`, `rogue kernel "${name}"`);
}
