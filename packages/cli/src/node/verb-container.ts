export async function containerVerb(_b: string, _f: object): Promise<number> {
  return 0;
}
