import { assemble } from '@worldswitch/isa';
import { translationText } from '@worldswitch/machine';
import { table } from './markdown-table.ts';

/** A loop that a compiler would write for a sum over pairs. */
const source = [
  'loop:',
  '  ld a4, 0(a0)',
  '  ld a5, 8(a0)',
  '  add a4, a4, a5',
  '  add a3, a3, a4',
  '  addi a0, a0, 16',
  '  bne a0, a1, loop',
  '  ret',
];
const GUEST_INSTRUCTIONS = 6;

/** The lines of the translation from the loop's start to its end, as deep as they need to be. */
function loopOf(lines: readonly string[]): readonly string[] {
  const start = lines.findIndex((line) => line.trim() === 'loop');
  const indent = lines[start]!.length - 'loop'.length;
  const end = lines.findIndex((line, index) => index > start && line === `${' '.repeat(indent)}end`);
  return lines.slice(start, end + 1).map((line) => line.slice(indent));
}

/** Instructions that run each time round: not those of ways out, which are an `if` around a number and a branch. */
function countEachRound(lines: readonly string[]): { readonly all: number; readonly moves: number } {
  let all = 0;
  let moves = 0;
  for (let index = 1; index < lines.length; index++) {
    const word = lines[index]!.trim();
    if (word === 'else') break;
    if (word === 'end') continue;
    all++;
    if (/^local\.|\.const/.test(word)) moves++;
    if (word === 'if' && lines[index + 3]?.trim() === 'end') index += 3;
  }
  return { all, moves };
}

const fenced = (language: string, lines: readonly string[]): string => `\`\`\`${language}\n${lines.join('\n')}\n\`\`\``;

export function enginePage(): string {
  const { bytes } = assemble(source.join('\n'), { origin: 0x8000_0000 });
  const physical = loopOf(translationText(bytes, 128 * 2 ** 20));
  const translated = loopOf(translationText(bytes, 0));
  const cost = (name: string, lines: readonly string[]): string[] => {
    const { all, moves } = countEachRound(lines);
    return [name, String(all), String(moves), ((all - moves) / GUEST_INSTRUCTIONS).toFixed(1)];
  };
  return [
    '# What the compiled engine makes of a loop',
    'Made by the engine itself when these pages are built. Code that runs often is translated to WebAssembly, a function for each stretch of a page that is reachable from where it is entered: a region. Registers are local variables while it runs; the control flow becomes blocks and loops.',
    '## RISC-V',
    fenced('asm', source),
    '## WebAssembly, addresses physical',
    'In machine mode, or before paging is on, and where neither memory protection nor a debugger wants to see accesses, an access compares its address with the size of RAM. A store looks besides whether its page may be written unseen: pages with code, and pages not written since the last snapshot, may not.',
    fenced('wasm', physical),
    '## WebAssembly, addresses translated',
    'With paging on, the page of the address is compared with an entry of the software TLB, which also tells where it lies in RAM. The comparison takes alignment in: what might lie across two pages misses. From three accesses on around one register there is one comparison for all of them.',
    fenced('wasm', translated),
    '## Reading it',
    [
      '- The first `if` is the budget: one comparison for all the blocks that follow each other, so that a limit on instructions is exact.',
      '- A number before `br` says at which instruction the hart stands there, what was executed and not yet counted, and why it leaves. All such ways lead to the same few stores at the end of the function. The instruction itself is then interpreted, with every rule that compiled code knows nothing of: faults, devices, page-table walks.',
      "- At the loop's end the counter is brought up to date by one addition: its low half counts instructions, its high half accesses.",
      '- `else` is the way on: registers that changed are stored, the address of the next instruction too, and the dispatcher looks for its code.',
    ].join('\n'),
    '## What it costs',
    table(
      [
        'one round of the loop',
        'WebAssembly instructions',
        'of these local variables and constants',
        'others for each of RISC-V',
      ],
      [cost('physical', physical), cost('translated', translated)],
    ),
    'No machine instruction corresponds to most uses of local variables and constants. `pnpm bench` measures what remains, beside native code, WebAssembly from C, QEMU and v86.',
  ].join('\n\n');
}
