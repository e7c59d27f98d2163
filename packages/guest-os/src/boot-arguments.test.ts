import { describe, expect, test } from 'vitest';
import { bootArguments } from './boot-arguments.ts';
import { GuestOsError } from './guest-os-error.ts';

describe('bootArguments', () => {
  test('says init, quiet, noecho, then the arguments', () => {
    expect(bootArguments({ init: '/bin/sh' })).toBe('init=/bin/sh');
    expect(bootArguments({ init: '/p', args: ['1', '2'], quiet: true, noEcho: true })).toBe(
      'init=/p quiet noecho -- 1 2',
    );
  });

  test('quotes what the kernel would split', () => {
    expect(bootArguments({ init: '/p', args: ['a b', '', 'say "\\"'] })).toBe('init=/p -- "a b" "" "say \\"\\\\\\""');
  });

  test.each([
    { init: 'relative' },
    { init: '/with space' },
    { init: '/p', args: Array.from({ length: 32 }, () => 'x') },
    { init: '/p', args: ['x'.repeat(1024)] },
  ])('refuses what the kernel cannot take %#', (options) => {
    expect(() => bootArguments(options)).toThrow(GuestOsError);
  });
});
