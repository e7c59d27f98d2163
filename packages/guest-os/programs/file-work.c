/* Works with files and directories in the current directory and leaves none behind. */
#include "program.h"

#define FOLDER "file-work.tmp"
#define NAME FOLDER "/numbers"
#define AT_REMOVEDIR 0x200
#define NUMBERS 3000
#define O_RDWR 2
#define SEEK_SET 0
#define SEEK_END 2

static void expect(const char *what, long found, long expected) {
    print(what);
    if (found == expected) {
        print(": as expected\n");
    } else {
        print(": ");
        print_number((u64)(found < 0 ? -found : found));
        print(found < 0 ? " (an error)\n" : "\n");
    }
}

static void fill(long fd) {
    for (u64 i = 0; i < NUMBERS; i++) syscall(SYS_write, fd, &i, sizeof(i));
}

static u64 sum(long fd) {
    u64 value, total = 0;
    syscall(SYS_lseek, fd, 0, SEEK_SET);
    while (syscall(SYS_read, fd, &value, sizeof(value)) == sizeof(value)) total += value;
    return total;
}

int main(int argc, char **argv, char **envp) {
    (void)argc, (void)argv, (void)envp;
    u64 value = 0;
    expect("mkdir", syscall(SYS_mkdirat, AT_FDCWD, FOLDER, 0755), 0);
    expect("mkdir again", syscall(SYS_mkdirat, AT_FDCWD, FOLDER, 0755), -17);
    long fd = syscall(SYS_openat, AT_FDCWD, NAME, O_RDWR | O_CREAT, 0644);
    fill(fd);
    expect("size", syscall(SYS_lseek, fd, 0, SEEK_END), NUMBERS * sizeof(value));
    expect("sum", (long)sum(fd), (long)NUMBERS * (NUMBERS - 1) / 2);
    syscall(SYS_lseek, fd, 8 * 100000, SEEK_SET);
    syscall(SYS_write, fd, &value, sizeof(value));
    expect("sum over a hole", (long)sum(fd), (long)NUMBERS * (NUMBERS - 1) / 2);
    expect("close", syscall(SYS_close, fd), 0);
    expect("close again", syscall(SYS_close, fd), -9);
    expect("rmdir of a full folder", syscall(SYS_unlinkat, AT_FDCWD, FOLDER, AT_REMOVEDIR), -39);
    expect("chdir", syscall(SYS_chdir, FOLDER), 0);
    fd = syscall(SYS_openat, AT_FDCWD, "numbers", O_WRONLY | O_TRUNC, 0);
    expect("size after truncation", syscall(SYS_lseek, fd, 0, SEEK_END), 0);
    expect("read of a file open for writing", syscall(SYS_read, fd, &value, sizeof(value)), -9);
    expect("unlink", syscall(SYS_unlinkat, AT_FDCWD, "../" NAME, 0), 0);
    expect("write to an unlinked file", syscall(SYS_write, fd, &value, sizeof(value)), sizeof(value));
    expect("open", syscall(SYS_openat, AT_FDCWD, "numbers", O_RDONLY, 0), -2);
    syscall(SYS_close, fd);
    expect("chdir back", syscall(SYS_chdir, ".."), 0);
    expect("rmdir", syscall(SYS_unlinkat, AT_FDCWD, FOLDER, AT_REMOVEDIR), 0);
    return 0;
}
