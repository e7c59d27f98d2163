import { setFlagsFromString } from 'node:v8';

/**
 * A machine's memory is no garbage of JavaScript, and what else it makes dies young: V8 need not let the space for new objects grow
 * from 1 to 16 MiB, twice, whenever code is translated, nor the one for old objects to twice of what is in use.
 */
export function keepHeapSmall() {
  setFlagsFromString('--semi-space-growth-factor=1');
  setFlagsFromString('--heap-growing-percent=20');
}
