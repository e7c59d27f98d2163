import type { BlockBackend } from './virtio-block.ts';

const SECTOR_BYTES = 512;

/** Where the changed parts of a disk are kept: pieces of `clusterBytes`, by their number from the disk's beginning. */
export interface ClusterStore {
  /** A multiple of 512. */
  readonly clusterBytes: number;
  has(cluster: number): boolean;
  /** Fills `into` with a part of a cluster that is there. Returns false for an I/O error. */
  read(cluster: number, offset: number, into: Uint8Array): boolean;
  /** Changes a part of a cluster that is there. */
  write(cluster: number, offset: number, from: Uint8Array): boolean;
  /** Puts a whole cluster in. */
  add(cluster: number, bytes: Uint8Array): boolean;
  flush(): boolean;
}

/** A disk whose contents are those of `base` until they are written: changes go to the store, and `base` stays as it is. */
export function createOverlayBackend(base: BlockBackend, store: ClusterStore = createMemoryStore()): BlockBackend {
  const { clusterBytes } = store;
  const diskBytes = base.sectors * SECTOR_BYTES;

  /** Calls back for each part of a range that lies in one cluster, until one fails. */
  const eachPart = (
    sector: number,
    bytes: Uint8Array,
    visit: (cluster: number, offset: number, part: Uint8Array) => boolean,
  ): boolean => {
    const start = sector * SECTOR_BYTES;
    for (let at = 0; at < bytes.length; ) {
      const cluster = Math.floor((start + at) / clusterBytes);
      const offset = start + at - cluster * clusterBytes;
      const length = Math.min(bytes.length - at, clusterBytes - offset);
      if (!visit(cluster, offset, bytes.subarray(at, at + length))) return false;
      at += length;
    }
    return true;
  };
  const readBase = (cluster: number, offset: number, part: Uint8Array) =>
    base.read((cluster * clusterBytes + offset) / SECTOR_BYTES, part);

  return {
    sectors: base.sectors,
    isReadOnly: false,
    read: (sector, into) =>
      eachPart(sector, into, (cluster, offset, part) =>
        store.has(cluster) ? store.read(cluster, offset, part) : readBase(cluster, offset, part),
      ),
    write: (sector, from) =>
      eachPart(sector, from, (cluster, offset, part) => {
        if (store.has(cluster)) return store.write(cluster, offset, part);
        const whole = new Uint8Array(clusterBytes);
        const onDisk = Math.min(clusterBytes, diskBytes - cluster * clusterBytes);
        if (part.length < onDisk && !readBase(cluster, 0, whole.subarray(0, onDisk))) return false;
        whole.set(part, offset);
        return store.add(cluster, whole);
      }),
    flush: () => store.flush(),
  };
}

/** Changes kept in memory; they end with it. */
function createMemoryStore(clusterBytes = 4096): ClusterStore {
  const clusters = new Map<number, Uint8Array>();
  return {
    clusterBytes,
    has: (cluster) => clusters.has(cluster),
    read(cluster, offset, into) {
      into.set(clusters.get(cluster)!.subarray(offset, offset + into.length));
      return true;
    },
    write(cluster, offset, from) {
      clusters.get(cluster)!.set(from, offset);
      return true;
    },
    add(cluster, bytes) {
      clusters.set(cluster, bytes);
      return true;
    },
    flush: () => true,
  };
}
