// Reads the JSON document of `compare` and fails, with a sentence, where it is not what the README promises.
import { readFileSync } from 'node:fs';

const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const problems = [];
const expect = (condition, sentence) => void (condition || problems.push(sentence));

const names = report.worlds.map((world) => world.name);
expect(names.join() === 'bare,full,para,container,process', `worlds are ${names}`);
const world = Object.fromEntries(report.worlds.map((entry) => [entry.name, entry]));
const { bare, full, para, container, process: plain } = world;
expect(report.identical, 'the outputs or exit codes differ');
expect(
  report.worlds.every((entry) => entry.programSha256 === report.program.sha256),
  'not every world ran the same program',
);
expect(bare?.guestImage.sha256 === full?.guestImage.sha256, 'bare and full did not run the same guest image');
expect(bare?.guestImage.sha256 === report.guestImage.sha256, 'the guest image is not the one reported');
for (const entry of report.worlds) {
  expect(
    entry.reason === 'exited' && entry.exitCode === 0,
    `${entry.name}: ${entry.reason}, exit code ${entry.exitCode}: ${entry.message}`,
  );
  expect(entry.output.length > 0, `${entry.name}: no output`);
  expect(entry.instructions.user > 0, `${entry.name}: no user instructions`);
  expect(
    entry.tlb.hits > 0 && entry.tlb.misses > 0 && entry.tlb.walkReferences > 0,
    `${entry.name}: TLB counts missing`,
  );
  expect(entry.isRepeatable, `${entry.name}: another run retired another number of instructions`);
  expect(entry.wallMs > 0, `${entry.name}: no wall time`);
  expect(entry.trace.syscall.length >= 2, `${entry.name}: no system call traced`);
  expect(entry.trace.pageFault.length >= 2, `${entry.name}: no page fault traced`);
  for (const hop of [...entry.trace.syscall, ...entry.trace.pageFault]) {
    expect(hop.from && hop.to && hop.cause && hop.handledBy, `${entry.name}: incomplete hop ${JSON.stringify(hop)}`);
  }
}
const total = (record) => Object.values(record ?? {}).reduce((sum, value) => sum + value, 0);
expect(
  total(full?.exits) > total(para?.exits),
  `full has ${total(full?.exits)} exits, para ${total(para?.exits)}: para must have fewer`,
);
expect(para?.hypercalls > 0, 'para made no hypercall');
expect(full?.hypercalls === 0, 'full made hypercalls');
expect(full?.shadowFills > 0 && full?.emulatedInstructions > 0, 'full filled no shadow page or emulated nothing');
expect(total(container?.exits) === 0 && total(plain?.exits) === 0, 'container or process had exits to a VMM');
expect(
  bare?.instructions.kernel > 0 && full?.instructions.kernel > 0 && para?.instructions.kernel > 0,
  'no kernel instructions',
);
const users = report.worlds.map((entry) => entry.instructions.user);
expect(
  Math.max(...users) - Math.min(...users) <= Math.max(...users) * 0.01,
  `user instructions differ by more than 1%: ${users}`,
);

// The README shows a part of the table, as it is: counts are the same on every computer.
const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
const hasVmm = (entry) => entry === full || entry === para;
const shown = [
  ['instructions retired, user', (entry) => entry.instructions.user],
  ['kernel', (entry) => (entry.guestImage ? entry.instructions.kernel : undefined)],
  ['traps', (entry) => total(entry.traps)],
  ['exits to the VMM', (entry) => (hasVmm(entry) ? total(entry.exits) : undefined)],
  ['emulated instructions', (entry) => (hasVmm(entry) ? entry.emulatedInstructions : undefined)],
  ['hypercalls', (entry) => (entry === para ? entry.hypercalls : undefined)],
  ['shadow-page fills', (entry) => (entry === full ? entry.shadowFills : undefined)],
];
for (const [label, count] of shown) {
  const row = report.worlds.map((entry) => count(entry)?.toLocaleString('en-US') ?? '–');
  const line = readme.split('\n').find((text) => text.startsWith('│') && text.split('│')[1].trim() === label) ?? '';
  const cells = line.split('│').slice(2, -1);
  expect(
    cells.map((cell) => cell.trim()).join() === row.join(),
    `README.md, row '${label}': compare gives ${row.join(' ')}`,
  );
}

for (const problem of new Set(problems)) console.error(problem);
if (problems.length > 0) process.exit(1);
console.log(
  `compare: ${names.length} worlds, ${users[0]} user instructions each, ratios to bare ${report.worlds.map((entry) => entry.ratioToBare.toFixed(2)).join(' ')}`,
);
