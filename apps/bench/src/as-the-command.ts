/**
 * What the `worldswitch` command does about its own memory, for measurements of it: its very files, which are no part of what the
 * package exports.
 */
export { keepHeapSmall } from '../../../packages/cli/bin/small-heap.mjs';
export { bytesApart, readApart } from '../../../packages/cli/src/node/files/read-apart.ts';
