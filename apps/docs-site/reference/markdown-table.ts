const cell = (value: string): string => value.replaceAll('|', '\\|').replaceAll('<', '&lt;');

/** A Markdown table; cells are plain text or inline code. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

export const code = (value: string): string => `\`${value}\``;

export const hex = (value: number): string => code(`0x${value.toString(16)}`);
