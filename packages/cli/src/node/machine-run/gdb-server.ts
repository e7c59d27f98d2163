import { createServer, type Server, type Socket } from 'node:net';
import { createDebugger, GdbStub, type ListenAddress, type MachineDebugger } from '@worldswitch/debugger';
import type { Machine, RunEnd, RunOptions } from '@worldswitch/machine';
import { ExitCode, UserError } from '../../exit-codes.ts';

export interface GdbServerOptions {
  readonly address: ListenAddress;
  /** Software that resets the machine gets another one: `replaceMachine`. */
  readonly reboots: boolean;
}

/** A TCP port for gdb to debug one machine by; one gdb at a time. The machine's owner runs it through `run`. */
export class GdbServer {
  readonly #server: Server;
  readonly #reboots: boolean;
  #debugger: MachineDebugger;
  #stub: GdbStub | undefined;
  #socket: Socket | undefined;
  #wake: (() => void) | undefined;

  private constructor(machine: Machine, server: Server, reboots: boolean) {
    this.#debugger = createDebugger(machine);
    this.#server = server;
    this.#reboots = reboots;
    server.on('connection', (socket) => this.#connect(socket));
  }

  /** Throws UserError when it cannot listen there. */
  static async listen(machine: Machine, { address, reboots }: GdbServerOptions): Promise<GdbServer> {
    const server = createServer();
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen(address.port, address.host, resolve);
      });
    } catch (error) {
      const where = `${address.host}:${address.port}`;
      const { code, message } = error as NodeJS.ErrnoException;
      const reason = code === 'EADDRINUSE' ? 'another program listens there; choose another port' : message;
      throw new UserError(`cannot wait for gdb at ${where}: ${reason}`, ExitCode.unavailable);
    }
    return new GdbServer(machine, server, reboots);
  }

  /** Port it listens on. */
  get port(): number {
    const address = this.#server.address();
    return typeof address === 'object' && address !== null ? address.port : 0;
  }

  /** A gdb is there. */
  get isConnected(): boolean {
    return this.#stub !== undefined;
  }
  /** gdb has the machine, which must not run. */
  get isHalted(): boolean {
    return this.#stub?.state === 'halted';
  }
  /** gdb asked for the end of the machine. */
  get isKilled(): boolean {
    return this.#stub?.state === 'killed';
  }

  /** As `Machine.run`; a machine that gdb stops ends with `until`. */
  run(limits: RunOptions): RunEnd {
    return this.#stub ? this.#stub.advance(limits) : this.#debugger.machine.run(limits);
  }

  /** The machine was reset: this one goes on in its place. */
  replaceMachine(machine: Machine): void {
    this.#debugger.replaceMachine(machine);
    this.#stub?.replaceMachine(machine);
  }

  /** Resolves when gdb has said something, or after this many milliseconds. */
  async wait(milliseconds: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, milliseconds);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  close(): void {
    this.#socket?.destroy();
    this.#server.close();
  }

  #connect(socket: Socket): void {
    if (this.#stub) {
      socket.destroy();
      return;
    }
    socket.setNoDelay(true);
    const stub = new GdbStub({
      debugger: this.#debugger,
      send: (bytes) => socket.write(bytes),
      reboots: this.#reboots,
    });
    this.#stub = stub;
    this.#socket = socket;
    const leave = () => {
      stub.disconnect();
      if (this.#stub === stub && stub.state !== 'killed') this.#stub = undefined;
      this.#stir();
    };
    socket.on('data', (bytes) => {
      stub.receive(bytes);
      if (stub.state === 'detached') leave();
      this.#stir();
    });
    socket.on('close', leave);
    socket.on('error', leave);
    this.#stir();
  }

  #stir(): void {
    this.#wake?.();
    this.#wake = undefined;
  }
}
