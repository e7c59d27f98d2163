import type { TaskInfo, TaskState } from '@worldswitch/contracts';

/** What the scheduler knows of anything that it can run: a process, a VM. */
export interface Task {
  /** Process number on the host. */
  readonly id: number;
  /** The tree of tasks that it belongs to: what `run({ task })` is limited to. */
  readonly group: object;
  state: Exclude<TaskState, 'paused'>;
  /** Not to be run, whatever its state is. */
  isPaused: boolean;
  /** Virtual time at which it wakes if nothing wakes it before: ticks, Infinity for none. */
  deadline: number;
  /** Instructions it has retired, lifted to that of the others when it wakes: the least one runs next. */
  virtualRuntime: number;
  /** Number of its latest turn: of equals, the one that waited longest runs next. */
  latestTurn: number;
  /** Instructions retired when they were counted last. */
  retired: number;
  /** Runs at most this many instructions, and deals with what they cause. */
  turn(slice: number): void;
  info(): TaskInfo;
}

/** The state for people: paused hides the one behind it. */
export function shownState(task: Task): TaskState {
  return task.isPaused && task.state !== 'exited' ? 'paused' : task.state;
}
