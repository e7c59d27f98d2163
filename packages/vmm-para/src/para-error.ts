/** Misuse by the host: a kernel image that is none, too little memory. Nothing that a running guest does throws it. */
export class VmmParaError extends Error {
  override readonly name = 'VmmParaError';
}
