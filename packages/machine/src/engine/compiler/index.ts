export { type CompiledEngine, type CompiledEngineOptions, createCompiledEngine } from './enter.ts';
