import Table from 'cli-table3';
import pc from 'picocolors';
import { type CompareReport, runsAnother, type WorldReport } from '../../compare/compare.ts';
import { legReason, legs } from '../../compare/hop-recorder.ts';
import { reportRows } from '../../compare/report-rows.ts';
import type { HopData } from '../../compare/trace-file.ts';

/** The comparison as text for a terminal. */
export function reportText(report: CompareReport): string {
  return [programText(report), outputsText(report), tableText(report), tracesText(report)].join('\n\n');
}

function programText(report: CompareReport): string {
  const guests = report.worlds.some((world) => world.guestImage)
    ? [
        `unmodified guest kernel  sha256 ${report.guestImage.sha256}`,
        `paravirtual guest kernel sha256 ${report.paravirtualImage.sha256}`,
      ]
    : [];
  return [
    `${pc.bold('program')} ${report.program.arguments.join(' ')}  (${report.program.bytes} bytes)`,
    `program                  sha256 ${report.program.sha256}`,
    ...guests,
  ].join('\n');
}

/** Each world's output; those with the same output are shown once. */
function outputsText(report: CompareReport): string {
  const groups = new Map<string, string[]>();
  for (const world of report.worlds) {
    const key = world.output;
    groups.set(key, [...(groups.get(key) ?? []), world.name]);
  }
  const blocks = [...groups].map(([output, names]) => {
    const title = groups.size === 1 ? `output, identical in ${names.join(', ')}` : `output in ${names.join(', ')}`;
    return `${pc.bold(title)}\n${shorten(output)
      .split('\n')
      .map((line) => `  | ${line}`)
      .join('\n')}`;
  });
  const troubles = report.worlds
    .filter((world) => world.message !== undefined)
    .map((world) => pc.red(`${world.name}: ${world.message}`));
  const others = report.worlds
    .filter((world) => runsAnother(world, report.program))
    .map((world) => pc.red(`${world.name}: it runs another program, sha256 ${world.programSha256}`));
  return [...blocks, ...troubles, ...others].join('\n');
}

function shorten(text: string): string {
  const limit = 4_000;
  const trimmed = text.replace(/\n$/, '');
  return trimmed.length <= limit
    ? trimmed
    : `${trimmed.slice(0, limit)}\n... ${trimmed.length - limit} characters more`;
}

function tableText(report: CompareReport): string {
  const table = new Table({
    head: ['', ...report.worlds.map((world) => world.name)],
    colAligns: ['left', ...report.worlds.map(() => 'right' as const)],
    style: { head: pc.isColorSupported ? ['bold'] : [], border: pc.isColorSupported ? ['grey'] : [], compact: true },
  });
  for (const row of reportRows(report)) table.push([row.isSection ? pc.bold(row.label) : row.label, ...row.cells]);
  const worlds = report.worlds.map((world) => `  ${world.name}: ${world.summary}`);
  return [
    ...worlds,
    table.toString(),
    'Counts are of the program, from its first instruction to its exit; a dash: not there to be counted.',
  ].join('\n');
}

function tracesText(report: CompareReport): string {
  const parts: string[] = [];
  const kinds = [
    ['syscall', 'one system call of the program, hop by hop'],
    ['pageFault', 'one page fault of the program, hop by hop'],
    ['shadowFill', 'one page fault that the guest never saw (a shadow page was filled)'],
  ] as const;
  for (const [kind, title] of kinds) {
    const worlds = report.worlds.filter((world) => world.trace[kind].length > 0);
    if (worlds.length === 0) continue;
    parts.push([pc.bold(title), ...worlds.map((world) => traceText(world, world.trace[kind]))].join('\n'));
  }
  return parts.join('\n\n');
}

function traceText(world: WorldReport, hops: readonly HopData[]): string {
  const lines: { text: string; times: number }[] = [];
  for (const leg of legs(hops)) {
    const text = `    ${leg.path.join(' → ')}: ${legReason(leg)}  ${pc.cyan(`handled by ${leg.handledBy}`)}`;
    const last = lines.at(-1);
    if (last?.text === text) last.times++;
    else lines.push({ text, times: 1 });
  }
  const printed = lines.map(({ text, times }) => (times > 1 ? `${text}  × ${times}` : text));
  return [`  ${pc.bold(world.name)}: ${hops.length} hops`, ...printed].join('\n');
}
