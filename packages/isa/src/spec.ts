/** The pinned manuals that citations refer to. */
export const manuals = {
  unprivileged: {
    title: 'The RISC-V Instruction Set Manual, Volume I: Unprivileged Architecture',
    version: '20260821',
  },
  privileged: {
    title: 'The RISC-V Instruction Set Manual, Volume II: Privileged Architecture',
    version: '20260821 (Machine ISA 1.13, Supervisor ISA 1.13)',
  },
} as const;

/** Volume, version and section of a citation in one line; other documents are named by themselves. */
export function formatCitation(cite: { readonly manual: string; readonly section: string }): string {
  if (cite.manual === 'unprivileged' || cite.manual === 'privileged') {
    const manual = manuals[cite.manual];
    return `${manual.title}, version ${manual.version}, section "${cite.section}"`;
  }
  return `${cite.manual}, section "${cite.section}"`;
}
