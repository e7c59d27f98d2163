export { type Bundle, type BundleFile, bundleFromFiles } from './bundle.ts';
export { ContainersError, type ContainersErrorCode } from './containers-error.ts';
export { type OciConfig, parseConfig } from './oci-config.ts';
export type { Warnings } from './process-spec.ts';
export {
  type Container,
  type ContainerRuntime,
  type CreateOptions,
  createContainerRuntime,
  type ExecOptions,
} from './runtime.ts';
export { type ContainerOperation, type ContainerState, type ContainerStatus, transitions } from './state.ts';
export { bundleForProgram, containerWorld, createContainerWorld } from './world.ts';
