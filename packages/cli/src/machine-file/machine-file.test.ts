import { describe, expect, it } from 'vitest';
import { parseMachineFile } from './machine-file.ts';

const errors = (text: string) => {
  const result = parseMachineFile(text);
  return 'errors' in result ? result.errors : [];
};

describe('a machine file', () => {
  it('describes a machine in YAML', () => {
    const text = `
kernel: Image
append: root=/dev/vda rw
memory: 1G
smp: 4
drives:
  - disk.ext4
  - { file: other.img, readonly: true, snapshot: true }
limits: { seconds: 30 }
expectText: login
reboot: false
`;
    expect(parseMachineFile(text)).toEqual({
      description: {
        kernel: 'Image',
        append: 'root=/dev/vda rw',
        bios: 'default',
        memoryBytes: 2 ** 30,
        harts: 4,
        drives: [
          { file: 'disk.ext4', readOnly: false, snapshot: false },
          { file: 'other.img', readOnly: true, snapshot: true },
        ],
      },
      limits: { maxSeconds: 30, expectText: ['login'], failText: [] },
      reboots: false,
    });
  });

  it('describes one in JSON too', () => {
    expect(parseMachineFile('{"kernel": "Image", "failText": ["panic", "Oops"]}')).toMatchObject({
      description: { kernel: 'Image', harts: 1, memoryBytes: 2 ** 29 },
      limits: { failText: ['panic', 'Oops'] },
    });
  });

  it.each([
    ['kernel: Image\nsmp: 9', 'line 2, smp: expected a number of harts from 1 to 8'],
    ['kernel: Image\nmemory: 5T', 'line 2, memory: expected a size from 2M to 3G in steps of 64K, such as 512M'],
    ['kernel: Image\ndrives:\n  - file: 7', 'line 3, drives[0].file: expected the name of a file'],
    ['kernel: Image\ndrives: disk.img', 'line 2, drives: expected a list of drives'],
    [
      'kernel: Image\nlimits:\n  second: 3',
      'line 3, limits.second: unknown key; expected one of instructions, seconds',
    ],
    ['kernal: Image', /^line 1, kernal: unknown key; expected one of kernel, initrd, /],
    ['kernel: Image\ndrives: [{ file: a, snapshot: true, overlay: b }]', /^line 2, drives\[0\]: snapshot and overlay/],
    ['kernel: Image\ninstructionTime: 0.5', 'line 2, instructionTime: expected whole nanoseconds, 1 to 1024'],
    ['kernel: Image\nexpectText: ""', 'line 2, expectText: expected texts that are not empty'],
    ['memory: 64M', 'line 1, the file: expected a kernel, or a firmware file as bios'],
    ['kernel: [', /^line 1: Flow sequence/],
    ['kernel: Image\ndrives:\n  - readonly: true', 'line 3, drives[0].file: expected this key, it is missing'],
    ['kernel: *image', /^the file: Unresolved alias/],
    ['- kernel', /the file: expected keys and values/],
  ])('says of %j where it is wrong and what was expected', (text, message) => {
    const found = errors(text);
    expect(found[0]).toEqual(typeof message === 'string' ? message : expect.stringMatching(message));
  });

  it('lists all mistakes: a misspelled key beside a wrong value too', () => {
    expect(errors('kernel: Image\nmemroy: 64M\nsmp: 99\ndrives: [{ fil: x }]')).toEqual([
      expect.stringMatching(/^line 2, memroy: unknown key/),
      'line 3, smp: expected a number of harts from 1 to 8',
      'line 4, drives[0].file: expected this key, it is missing',
      expect.stringMatching(/^line 4, drives\[0\]\.fil: unknown key/),
    ]);
  });

  it('names the first mistake of the syntax alone', () => {
    expect(errors('kernel: a: b: c\n\t- [\n}')).toHaveLength(1);
  });
});
