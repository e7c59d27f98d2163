import type { CompareReport, WorldReport } from './compare.ts';

/** One row of the comparison: a label and one cell for each world. */
export interface ReportRow {
  readonly label: string;
  readonly cells: readonly string[];
  /** A heading above further rows. */
  readonly isSection?: boolean;
}

const count = new Intl.NumberFormat('en-US');
const dash = '–';

function number(value: number, isKnown = true): string {
  return isKnown ? count.format(value) : dash;
}

/** The rows of the table in their order: the CLI and the documentation site print the same ones. */
export function reportRows(report: CompareReport): ReportRow[] {
  const { worlds } = report;
  const row = (label: string, cell: (world: WorldReport) => string): ReportRow => ({ label, cells: worlds.map(cell) });
  const section = (label: string): ReportRow => ({ label, cells: worlds.map(() => ''), isSection: true });
  const breakdown = (of: (world: WorldReport) => Readonly<Record<string, number>>) =>
    [...new Set(worlds.flatMap((world) => Object.keys(of(world))))]
      .sort()
      .map((key) => row(`  ${key}`, (world) => (of(world)[key] ? number(of(world)[key] ?? 0) : dash)));
  const hasGuest = (world: WorldReport) => world.guestImage !== undefined;
  const total = (record: Readonly<Record<string, number>>) =>
    Object.values(record).reduce((sum, value) => sum + value, 0);
  return [
    row('ended', (world) => (world.reason === 'exited' ? `exit code ${world.exitCode}` : world.reason)),
    section('instructions retired'),
    row('  user mode', (world) => number(world.instructions.user)),
    row('  kernel mode', (world) => number(world.instructions.kernel, hasGuest(world))),
    row('  before the program (boot)', (world) =>
      number(world.boot.instructions.user + world.boot.instructions.kernel, hasGuest(world)),
    ),
    row('traps', (world) => number(total(world.traps))),
    ...breakdown((world) => world.traps),
    row('exits to the VMM', (world) => number(total(world.exits), total(world.exits) > 0)),
    ...breakdown((world) => world.exits),
    row('emulated instructions', (world) => number(world.emulatedInstructions, total(world.exits) > 0)),
    row('hypercalls', (world) => number(world.hypercalls, world.hypercalls > 0)),
    ...breakdown((world) => world.hypercallsByName),
    row('shadow-page fills', (world) => number(world.shadowFills, world.shadowFills > 0)),
    section('TLB'),
    row('  hits', (world) => number(world.tlb.hits)),
    row('  misses', (world) => number(world.tlb.misses)),
    row('  table-walk memory references', (world) => number(world.tlb.walkReferences)),
    row(wallTimeLabel(report), (world) => world.wallMs.toFixed(1)),
    ...(worlds.every((world) => world.isRepeatable)
      ? []
      : [row('same counts in each round', (world) => (world.isRepeatable ? 'yes' : 'no'))]),
    row('ratio to bare', (world) => (world.ratioToBare === undefined ? dash : world.ratioToBare.toFixed(2))),
  ];
}

function wallTimeLabel({ worlds }: CompareReport): string {
  const rounds = worlds[0]?.wallMsRounds.length ?? 0;
  return rounds > 1 ? `wall time, ms (median of ${rounds})` : 'wall time, ms';
}
