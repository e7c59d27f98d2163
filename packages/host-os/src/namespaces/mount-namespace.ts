import type { Inode } from '../vfs/inode.ts';
import type { Mount, Place } from '../vfs/place.ts';

/** What is mounted where, for the processes in it (mount_namespaces(7)). */
export class MountNamespace {
  readonly id: number;
  readonly root: Mount;
  readonly #mounts: Map<Inode, Mount>;

  constructor(id: number, root: Mount, mounts: Iterable<readonly [Inode, Mount]> = []) {
    this.id = id;
    this.root = root;
    this.#mounts = new Map(mounts);
  }

  get rootPlace(): Place {
    return { inode: this.root.root, mount: this.root, name: '', parent: undefined };
  }
  /** What is mounted on an inode. */
  on(inode: Inode): Mount | undefined {
    return this.#mounts.get(inode);
  }
  mount(point: Inode, mount: Mount): void {
    this.#mounts.set(point, mount);
  }
  /** False when nothing is mounted with this root. */
  unmount(root: Inode): boolean {
    for (const [point, mount] of this.#mounts) {
      if (mount.root === root) return this.#mounts.delete(point);
    }
    return false;
  }
  /** A namespace with the same mounts, which changes on its own from here on. */
  copy(id: number): MountNamespace {
    return new MountNamespace(id, this.root, this.#mounts);
  }
  list(): readonly Mount[] {
    return [this.root, ...this.#mounts.values()];
  }
}
