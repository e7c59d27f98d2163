/** Extensions whose rows have tests of their own that name each of them: extension, and the file below packages/machine/test. */
export const testedElsewhere: Readonly<Record<string, string>> = {};
