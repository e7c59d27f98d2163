export { type BootOptions, bootArguments } from './boot-arguments.ts';
export { GuestOsError } from './guest-os-error.ts';
export {
  guestKernel,
  guestKernelElf,
  type KernelVariant,
  program,
  programNames,
  rogueKernel,
  rogueKernelNames,
} from './images.ts';
export { createInitrd, type InitrdContents, type InitrdFile } from './initrd.ts';
export { type InitrdEntry, readInitrd } from './initrd-reader.ts';
