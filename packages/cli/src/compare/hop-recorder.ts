import { Actor, type TraceEvent, type TraceSink } from '@worldswitch/contracts';

/** The hops from a trap of the program until the program goes on. */
export type HopSequence = readonly TraceEvent[];

export interface RecordedHops {
  /** The program's first system call. */
  readonly systemCall: HopSequence;
  /** The first page fault of the program that its operating system handled. */
  readonly pageFault: HopSequence;
  /** The first page fault of the program that its operating system never saw: a VMM filled a shadow page table. */
  readonly shadowFill: HopSequence;
}

const longestSequence = 2_000;

/**
 * Picks, while a world runs, one system call and one page fault of its program out of the trace, and hands every event on.
 * Nothing is kept beyond the sequences.
 */
export class HopRecorder implements TraceSink {
  #systemCall: HopSequence | undefined;
  #pageFault: HopSequence | undefined;
  #shadowFill: HopSequence | undefined;
  #current: TraceEvent[] | undefined;
  #forward: TraceSink | undefined;

  constructor(forward?: TraceSink) {
    this.#forward = forward;
  }

  emit(event: TraceEvent): void {
    this.#forward?.emit(event);
    if (this.#current === undefined) {
      if (event.from !== Actor.program || !this.#isWanted(event)) return;
      this.#current = [];
    }
    this.#current.push(event);
    if (event.to === Actor.program) {
      this.#file(this.#current);
      this.#current = undefined;
    } else if (this.#current.length >= longestSequence) {
      this.#current = undefined;
    }
  }

  #isWanted(event: TraceEvent): boolean {
    if (isSystemCall(event)) return this.#systemCall === undefined;
    return isPageFault(event) && (this.#pageFault === undefined || this.#shadowFill === undefined);
  }

  #file(sequence: HopSequence): void {
    const first = sequence[0];
    if (first === undefined) return;
    if (isSystemCall(first)) this.#systemCall ??= sequence;
    else if (isHandledByOwnSystem(sequence)) this.#pageFault ??= sequence;
    else this.#shadowFill ??= sequence;
  }

  get hops(): RecordedHops {
    return { systemCall: this.#systemCall ?? [], pageFault: this.#pageFault ?? [], shadowFill: this.#shadowFill ?? [] };
  }
}

function isSystemCall(event: TraceEvent): boolean {
  return event.cause === 'ecall-from-u';
}

function isPageFault(event: TraceEvent): boolean {
  return event.cause.endsWith('-page-fault');
}

/** The program's own operating system: the guest kernel where there is one, else the host, which no VMM stands behind. */
function isHandledByOwnSystem(sequence: HopSequence): boolean {
  const actors = new Set(sequence.map((event) => event.to));
  return actors.has(Actor.guestKernel) || !(actors.has(Actor.vmm) || actors.has(Actor.hypervisor));
}

/** What a leg is made of: an event, or its JSON form. */
export interface Hop {
  readonly from: string;
  readonly to: string;
  readonly cause: string;
  readonly handledBy: string;
  readonly detail?: string;
}

/** Control leaving the program or its kernel, until it is back in one of them: what one printed line shows. */
export interface Leg {
  readonly path: readonly string[];
  readonly causes: readonly string[];
  readonly handledBy: string;
  readonly details: readonly string[];
}

/** What a leg is about, in the words of its hops: the trap, then what whoever got it took it for. */
export function legReason(leg: Leg): string {
  const [trap = '', ...rest] = leg.causes;
  const taken = rest.find((cause) => cause !== trap && cause !== 'resume');
  return [taken === undefined ? trap : `${trap}, ${taken}`, ...leg.details.map((detail) => `(${detail})`)].join(' ');
}

/** Groups hops into legs, so that one emulated instruction is one line however many hops it takes. */
export function legs(sequence: readonly Hop[]): Leg[] {
  const result: Leg[] = [];
  let events: Hop[] = [];
  const close = () => {
    const first = events[0];
    const last = events.at(-1);
    if (first === undefined || last === undefined) return;
    result.push({
      path: [first.from, ...events.map((event) => event.to)],
      causes: events.map((event) => event.cause),
      handledBy:
        last.to === Actor.program || last.to === Actor.guestKernel ? (events.at(-2) ?? last).handledBy : last.handledBy,
      details: [...new Set(events.flatMap((event) => event.detail ?? []))],
    });
    events = [];
  };
  for (const event of sequence) {
    events.push(event);
    if (event.to === Actor.program || event.to === Actor.guestKernel) close();
  }
  close();
  return result;
}
