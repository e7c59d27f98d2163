export { createArrayMemory } from './array-memory.ts';
