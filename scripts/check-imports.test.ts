import { describe, expect, it } from 'vitest';
// @ts-expect-error: a script without types
import { forbiddenImports } from './check-imports.mjs';

const check = (name: string, text: string) => forbiddenImports(name, `packages/${name}/src/x.ts`, text) as string[];

describe('the import rule', () => {
  it('refuses one approach importing another, or the machine', () => {
    expect(check('vmm-full', `import { a } from '@worldswitch/vmm-para';`)).toHaveLength(1);
    expect(check('vmm-para', `export { a } from '@worldswitch/machine';`)).toHaveLength(1);
    expect(check('containers', `const a = await import('@worldswitch/host-os');`)).toHaveLength(1);
  });
  it('refuses a way round it', () => {
    expect(check('vmm-full', `import { a } from '../../machine/src/hart/hart.ts';`)).toHaveLength(1);
  });
  it("refuses Node's modules and packages nobody declared", () => {
    expect(check('isa', `import { readFileSync } from 'node:fs';`)).toHaveLength(1);
    expect(check('isa', `import 'left-pad';`)).toHaveLength(1);
  });
  it('lets through what the architecture allows', () => {
    expect(
      check(
        'machine',
        `import { a } from '@worldswitch/isa';\nimport type { B } from '@worldswitch/mmu-tlb';\nimport './x.ts';`,
      ),
    ).toEqual([]);
  });
});
