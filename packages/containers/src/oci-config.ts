import * as v from 'valibot';
import { ContainersError } from './containers-error.ts';

/** Kinds of namespaces by their OCI names (OCI runtime spec, config-linux.md, Namespaces). */
const namespaceTypes = ['pid', 'network', 'mount', 'ipc', 'uts', 'user', 'cgroup', 'time'] as const;

const strings = v.array(v.string());
const number = v.pipe(v.number(), v.integer());
const absolutePath = v.pipe(v.string(), v.startsWith('/', 'has to be an absolute path'));

/** What this runtime reads of config.json (OCI runtime spec 1.2, config.md). Other properties are tolerated. */
const configSchema = v.object({
  ociVersion: v.pipe(v.string(), v.regex(/^1\.\d+\.\d+/, 'has to be a version 1.x')),
  root: v.object({ path: v.pipe(v.string(), v.nonEmpty('is empty')), readonly: v.optional(v.boolean(), false) }),
  process: v.object({
    args: v.pipe(strings, v.nonEmpty('names no program')),
    cwd: absolutePath,
    env: v.optional(strings, []),
    terminal: v.optional(v.boolean(), false),
    user: v.optional(v.object({ uid: number, gid: number }), { uid: 0, gid: 0 }),
    capabilities: v.optional(v.record(v.string(), strings)),
    rlimits: v.optional(v.array(v.object({ type: v.string(), soft: v.number(), hard: v.number() }))),
  }),
  hostname: v.optional(v.string()),
  mounts: v.optional(
    v.array(
      v.object({
        destination: absolutePath,
        type: v.optional(v.string()),
        source: v.optional(v.string()),
        options: v.optional(strings, []),
      }),
    ),
    [],
  ),
  hooks: v.optional(v.record(v.string(), v.array(v.unknown())), {}),
  annotations: v.optional(v.record(v.string(), v.string()), {}),
  linux: v.optional(
    v.object({
      namespaces: v.optional(v.array(v.object({ type: v.picklist(namespaceTypes), path: v.optional(v.string()) })), []),
      resources: v.optional(v.object({ memory: v.optional(v.object({ limit: v.optional(number) })) })),
      seccomp: v.optional(v.object({ defaultAction: v.string() })),
      maskedPaths: v.optional(strings, []),
      readonlyPaths: v.optional(strings, []),
    }),
    {},
  ),
});

/** A checked configuration, with defaults filled in. */
export type OciConfig = v.InferOutput<typeof configSchema>;

/**
 * Reads config.json.
 * @throws ContainersError `config` with the place of the first thing that is wrong.
 */
export function parseConfig(text: string): OciConfig {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new ContainersError('config', `config.json is no JSON: ${error instanceof Error ? error.message : error}`);
  }
  const result = v.safeParse(configSchema, json);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const path = v.getDotPath(issue);
  const isMissing = path !== null && issue.type === 'object' && issue.received === 'undefined';
  if (isMissing) throw new ContainersError('config', `config.json: ${path}: expected this key, it is missing`);
  throw new ContainersError('config', `config.json: ${path === null ? '' : `${path}: `}${issue.message}`);
}
