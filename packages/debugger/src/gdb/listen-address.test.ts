import { expect, it } from 'vitest';
import { parseListenAddress } from './listen-address.ts';

it('reads a port, a host and what QEMU takes', () => {
  expect(parseListenAddress('1234')).toEqual({ host: '127.0.0.1', port: 1234 });
  expect(parseListenAddress('tcp::1234')).toEqual({ host: '127.0.0.1', port: 1234 });
  expect(parseListenAddress('tcp::1234,server=on,wait=off')).toEqual({ host: '127.0.0.1', port: 1234 });
  expect(parseListenAddress('0.0.0.0:9000')).toEqual({ host: '0.0.0.0', port: 9000 });
  expect(parseListenAddress('tcp:localhost:0')).toEqual({ host: 'localhost', port: 0 });
  expect(parseListenAddress('[::1]:5')).toEqual({ host: '::1', port: 5 });
  for (const wrong of ['', 'tcp:', 'tcp::', '70000', 'stdio', 'unix:/tmp/x', 'a b:1', '::1:5']) {
    expect(parseListenAddress(wrong), wrong).toBeUndefined();
  }
});
