import { HostOsError } from '../host-os-error.ts';

const LAST_ASID = 0xffff;

/** Hands out address-space identifiers (privileged ISA, satp.ASID); 0 is nobody's. */
export class AsidAllocator {
  readonly #flush: (asid: number) => void;
  readonly #used = new Set<number>();
  #next = 1;

  /** @param flush forgets an identifier's translations. */
  constructor(flush: (asid: number) => void) {
    this.#flush = flush;
  }

  /** Throws HostOsError EAGAIN when all are in use. */
  allocate(): number {
    if (this.#used.size >= LAST_ASID) throw new HostOsError('EAGAIN', 'all address-space identifiers are in use');
    while (this.#used.has(this.#next)) this.#next = (this.#next % LAST_ASID) + 1;
    const asid = this.#next;
    this.#next = (asid % LAST_ASID) + 1;
    this.#used.add(asid);
    return asid;
  }

  free(asid: number): void {
    if (!this.#used.delete(asid)) throw new HostOsError('EINVAL', `address-space identifier ${asid} is not in use`);
    this.#flush(asid);
  }
}
