/** Why the system could not open, read or write a file, for people. */
export function fileReason(error: unknown, goal: 'read' | 'write'): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return goal === 'read' ? 'there is no such file' : 'there is no such folder';
    case 'EISDIR':
      return 'it is a directory';
    case 'ENOTDIR':
      return 'what stands before a / in its name is no folder';
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return goal === 'read' ? 'it may not be read' : 'it may not be written';
    case 'ENOSPC':
      return 'no space is left there';
    default:
      return message;
  }
}
