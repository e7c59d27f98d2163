/**
 * What a command was asked for. Or its exit code, where there is nothing to do: 0 after its help, 64 for arguments that are none,
 * which `parse` throws an Error for.
 */
export function commandOptions<Options extends { readonly help: boolean }>(
  name: string,
  usage: string,
  parse: () => Options,
): Options | number {
  let options: Options;
  try {
    options = parse();
  } catch (error) {
    process.stderr.write(`${name}: ${(error as Error).message}\n${usage}`);
    return 64;
  }
  if (!options.help) return options;
  process.stdout.write(usage);
  return 0;
}
