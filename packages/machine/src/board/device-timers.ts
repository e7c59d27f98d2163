/** Calls a device when the virtual time comes. */
export interface DeviceTimer {
  /** @param deadline ticks; Infinity for never. */
  set(deadline: number): void;
}

/** Timers of devices other than those of the harts themselves. A device is called at the first boundary at or after its deadline. */
export class DeviceTimers {
  /** The next deadline; Infinity for none. */
  deadline = Number.POSITIVE_INFINITY;
  readonly #timers: { deadline: number; readonly ring: () => void }[] = [];
  readonly #changed: () => void;

  /** @param changed a deadline changed: whoever runs harts looks at `deadline` again. */
  constructor(changed: () => void) {
    this.#changed = changed;
  }

  create(ring: () => void): DeviceTimer {
    const timer = { deadline: Number.POSITIVE_INFINITY, ring };
    this.#timers.push(timer);
    return {
      set: (deadline) => {
        timer.deadline = deadline;
        this.#update();
      },
    };
  }

  /** Calls those whose time has come. */
  ringDue(now: number): void {
    for (const timer of this.#timers) {
      if (timer.deadline > now) continue;
      timer.deadline = Number.POSITIVE_INFINITY;
      timer.ring();
    }
    this.#update();
  }

  #update(): void {
    this.deadline = Math.min(...this.#timers.map(({ deadline }) => deadline));
    this.#changed();
  }
}
