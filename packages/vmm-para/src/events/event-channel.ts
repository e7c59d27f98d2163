import type { SharedInfo } from '../domain/shared-info.ts';
import { Status } from '../hypercalls/status.ts';

/** Virtual interrupts that can be bound to a port. Numbers follow Xen's xen.h. */
export const Virq = { timer: 0, console: 2 } as const;

/** Ports are 1 to 31; 0 is never one. */
export const PORT_COUNT = 32;

/** The ports of one domain: which virtual interrupt arrives at which. */
export class EventChannels {
  readonly #shared: SharedInfo;
  readonly #virqOfPort: (number | undefined)[] = new Array(PORT_COUNT).fill(undefined);

  constructor(shared: SharedInfo) {
    this.#shared = shared;
  }

  /** A new port for a virtual interrupt, or the port it has. */
  bindVirq(virq: number): number {
    if (virq !== Virq.timer && virq !== Virq.console) return Status.invalid;
    const bound = this.#virqOfPort.indexOf(virq);
    if (bound > 0) return bound;
    const port = this.#virqOfPort.indexOf(undefined, 1);
    if (port < 0) return Status.noMemory;
    this.#virqOfPort[port] = virq;
    return port;
  }

  close(port: number): number {
    if (!this.isBound(port)) return Status.invalid;
    this.#virqOfPort[port] = undefined;
    return Status.ok;
  }

  /** The guest's own kick: the port becomes pending. */
  send(port: number): number {
    if (!this.isBound(port)) return Status.invalid;
    this.#shared.setPending(port);
    return Status.ok;
  }

  unmask(port: number): number {
    if (!this.isBound(port)) return Status.invalid;
    this.#shared.unmask(port);
    return Status.ok;
  }

  isBound(port: number): boolean {
    return this.#virqOfPort[port] !== undefined;
  }

  /** A virtual interrupt happens; nothing when no port is bound to it. */
  raise(virq: number): void {
    const port = this.#virqOfPort.indexOf(virq);
    if (port > 0) this.#shared.setPending(port);
  }

  /** Ports and what arrives there, for people. */
  describe(): Record<string, string> {
    const ports: Record<string, string> = {};
    this.#virqOfPort.forEach((virq, port) => {
      if (virq === undefined) return;
      const state = `${this.#shared.isPending(port) ? ', pending' : ''}${this.#shared.isPortMasked(port) ? ', masked' : ''}`;
      ports[port] = (virq === Virq.timer ? 'timer' : 'console') + state;
    });
    return ports;
  }
}
