import { connect } from 'node:net';
import { assemble } from '@worldswitch/isa';
import { Machine } from '@worldswitch/machine';
import { expect, it } from 'vitest';
import { GdbServer } from '../src/node/machine-run/gdb-server.ts';

const forever = assemble('_start: addi s0, s0, 1\n j _start', { origin: 0x8020_0000 }).bytes;
const createMachine = () => Machine.create({ kernel: forever, memoryBytes: 4 * 2 ** 20 });
const address = { host: '127.0.0.1', port: 0 };

it('lets one client at a time halt, resume, leave and end a machine', async () => {
  const machine = createMachine();
  const server = await GdbServer.listen(machine, { address, reboots: true });
  const client = () => {
    const socket = connect(server.port, '127.0.0.1');
    let received = '';
    const closed = new Promise<void>((resolve) => socket.on('close', () => resolve()));
    socket.on('data', (bytes) => {
      received += bytes.toString('latin1');
    });
    const until = async (pattern: RegExp) => {
      while (!pattern.test(received)) {
        await server.wait(20);
        if (!server.isHalted) server.run({ maxInstructions: 1000 });
      }
      received = '';
    };
    return { socket, until, closed };
  };
  expect(server.run({ maxInstructions: 1000 }).reason).toBe('budget');
  const first = client();
  first.socket.write('$?#3f');
  await first.until(/\$T05thread:1/);
  expect(server.isHalted).toBe(true);
  const before = machine.counters.instructions;
  expect(server.run({ maxInstructions: 1000 }).reason).toBe('until');
  expect(machine.counters.instructions).toBe(before);
  const second = client();
  await second.closed;
  first.socket.write('+$c#63');
  await first.until(/\+/);
  expect(server.isHalted).toBe(false);
  first.socket.write('\u0003');
  await first.until(/\$T02thread:1/);
  first.socket.write('+$D#44');
  await first.until(/\$OK#9a/);
  expect(server.isConnected).toBe(false);
  first.socket.end();
  expect(server.run({ maxInstructions: 1000 }).reason).toBe('budget');
  const third = client();
  third.socket.write('$k#6b');
  while (!server.isKilled) await server.wait(20);
  server.close();
  await third.closed;
  machine.dispose();
});

it('says why it cannot listen', async () => {
  const machine = createMachine();
  const server = await GdbServer.listen(machine, { address, reboots: true });
  const taken = { host: '127.0.0.1', port: server.port };
  await expect(GdbServer.listen(machine, { address: taken, reboots: true })).rejects.toThrow(
    `cannot wait for gdb at 127.0.0.1:${server.port}: another program listens there`,
  );
  server.close();
  machine.dispose();
});
