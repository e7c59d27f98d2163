import { NO_COST, type World, type WorldMetrics, type WorldResult } from '@worldswitch/contracts';
import { ExitCode, UserError } from '../exit-codes.ts';

const reasons: readonly string[] = ['exited', 'budget', 'fault', 'output-limit'] satisfies WorldResult['reason'][];
/** Calls of `run` in a row that may retire nothing and give no result. */
const PATIENCE = 10_000;

/** A world of somebody else's, each answer of which is looked at: a wrong one is a UserError that names it. */
export function checkedWorld(world: World): World {
  const { name } = world;
  let retired = -1;
  let idleRuns = 0;

  const refuse = (what: string): never => {
    throw new UserError(`the world '${name}' is wrong: ${what}`, ExitCode.badInput);
  };
  const resultOf = (from: string, result: unknown): WorldResult | undefined => {
    if (result === undefined) return undefined;
    if (typeof result !== 'object' || result === null || result instanceof Promise)
      return refuse(`${from} gave ${kindOf(result)}, not a WorldResult or undefined`);
    const { reason, exitCode } = result as Partial<WorldResult>;
    if (reason === undefined || !reasons.includes(reason)) {
      refuse(`${from} gave a reason that is ${kindOf(reason)}; expected one of ${reasons.join(', ')}`);
    }
    if (!Number.isInteger(exitCode)) refuse(`${from} gave an exitCode that is ${kindOf(exitCode)}, not a whole number`);
    return result as WorldResult;
  };
  const metrics = (): { boot: WorldMetrics; program: WorldMetrics } => {
    const found: unknown = world.metrics();
    const mistake = mistakeIn(found, { boot: NO_COST, program: NO_COST }, 'metrics()');
    return mistake === undefined ? (found as ReturnType<World['metrics']>) : refuse(mistake);
  };
  /** Whoever runs a world until it ends would wait for ever. */
  const requireProgress = (): void => {
    const { boot, program } = metrics();
    const now = [boot, program].reduce((sum, { instructions: { user, kernel } }) => sum + user + kernel, 0);
    idleRuns = now === retired ? idleRuns + 1 : 0;
    retired = now;
    if (idleRuns >= PATIENCE) refuse(`run() gave no result ${PATIENCE} times, while no instruction retired`);
  };
  return {
    name,
    run(maxInstructions) {
      const result = resultOf('run()', world.run(maxInstructions));
      if (result === undefined) requireProgress();
      return result;
    },
    get result() {
      return resultOf('result', world.result);
    },
    output() {
      const output: unknown = world.output();
      return output instanceof Uint8Array ? output : refuse(`output() gave ${kindOf(output)}, not a Uint8Array`);
    },
    metrics,
    ...(world.programSource && { programSource: () => world.programSource?.() }),
    pause: () => world.pause(),
    resume: () => world.resume(),
    snapshot: () => world.snapshot(),
    inspect: () => world.inspect(),
    dispose: () => world.dispose(),
  };
}

/** Where `found` is not of the form of `model`: an object without fields there stands for any number of numbers. */
function mistakeIn(found: unknown, model: object, where: string): string | undefined {
  if (typeof found !== 'object' || found === null) return `${where} is ${kindOf(found)}, not an object`;
  const fields = Object.entries(Object.keys(model).length === 0 ? found : model);
  for (const [field, expected] of fields) {
    const value: unknown = found[field as keyof typeof found];
    const place = `${where}.${field}`;
    if (typeof expected === 'object' && expected !== null) {
      const mistake = mistakeIn(value, expected, place);
      if (mistake !== undefined) return mistake;
    } else if (typeof value !== 'number' || Number.isNaN(value)) return `${place} is ${kindOf(value)}, not a number`;
  }
  return undefined;
}

function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return value instanceof Promise ? 'a Promise' : `of type ${typeof value}`;
}
