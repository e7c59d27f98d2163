import { Status } from '../hypercalls/status.ts';

/**
 * Grant tables let a domain offer frames to another. They are not built yet: a domain sees no frame but its own, and every
 * operation says so.
 */
export function operateGrantTable(): Status {
  return Status.notImplemented;
}
