// Fails on an import that the architecture forbids. The table is the whole rule: see ARCHITECTURE.md.
import { readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(fileURLToPath(import.meta.url), '..', '..');

/** What the sources of each package may import from its siblings. Tests and examples may import devDependencies too. */
export const allowed = {
  isa: [],
  contracts: ['isa'],
  'mmu-tlb': ['isa', 'contracts'],
  machine: ['isa', 'contracts', 'mmu-tlb'],
  'host-os': ['isa', 'contracts', 'mmu-tlb'],
  'vmm-full': ['isa', 'contracts', 'mmu-tlb'],
  'vmm-para': ['isa', 'contracts', 'mmu-tlb'],
  containers: ['contracts'],
  'guest-os': [],
  debugger: ['isa', 'contracts', 'mmu-tlb', 'machine'],
  cli: [
    'isa',
    'contracts',
    'mmu-tlb',
    'machine',
    'debugger',
    'host-os',
    'vmm-full',
    'vmm-para',
    'containers',
    'guest-os',
  ],
};
/** Third-party packages by package; everything else is a finding. */
const thirdParty = {
  machine: ['@noble/hashes/sha2.js', 'fflate'],
  containers: ['valibot'],
  cli: ['commander', 'picocolors', 'cli-table3', '@noble/hashes/sha2.js', 'jiti', 'valibot', 'yaml'],
};
/** Sources that run in Node only and may use its modules. */
const nodeOnly = /^packages\/cli\/src\/(main|node)(\/|\.ts$|-)/;
const importPattern = /(?:\bfrom\s*|\bimport\s*\(\s*|^\s*import\s+|\brequire\s*\(\s*)(['"])([^'"\n]+)\1/gm;

function* sources(directory) {
  for (const entry of readdirSync(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (/\.ts$/.test(entry.name) && !/\.(generated|d)\.ts$/.test(entry.name)) yield path;
  }
}

/** The findings of one source text, each a sentence. */
export function forbiddenImports(name, file, text) {
  const findings = [];
  const isTest = /\.test\.ts$/.test(file) || /\/testing\//.test(file);
  const withoutComments = text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  for (const [, , specifier] of withoutComments.matchAll(importPattern)) {
    if (isTest) continue;
    const sibling = /^@worldswitch\/([^/]+)/.exec(specifier)?.[1];
    if (sibling) {
      if (!allowed[name].includes(sibling)) {
        findings.push(
          `${file}: '${name}' must not import '${specifier}'; it may import ${allowed[name].join(', ') || 'no sibling'}`,
        );
      }
    } else if (specifier.startsWith('.')) {
      const target = relative(root, join(root, file, '..', specifier));
      if (!target.startsWith(`packages/${name}/`))
        findings.push(`${file}: '${specifier}' leaves the package; import it by its name`);
    } else if (specifier.startsWith('node:') || builtinModules.includes(specifier)) {
      if (!nodeOnly.test(file))
        findings.push(`${file}: '${specifier}' is Node's, and this package also runs in browsers`);
    } else if (!(thirdParty[name] ?? []).includes(specifier)) {
      findings.push(`${file}: '${specifier}' is not among the dependencies of '${name}'`);
    }
  }
  return findings;
}

function main() {
  const findings = [];
  for (const name of Object.keys(allowed)) {
    for (const folder of ['src', 'conformance']) {
      let files;
      try {
        files = [...sources(join(root, 'packages', name, folder))];
      } catch {
        continue;
      }
      for (const path of files)
        findings.push(...forbiddenImports(name, relative(root, path), readFileSync(path, 'utf8')));
    }
  }
  for (const finding of findings) console.error(finding);
  if (findings.length > 0) process.exit(1);
  console.log('imports: as ARCHITECTURE.md says');
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
