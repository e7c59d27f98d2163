/* cat [FILE...]: copies files, or standard input, to standard output. */
#include "program.h"

static char buffer[4096];

static void copy(int fd) {
    long count;
    while ((count = syscall(SYS_read, fd, buffer, sizeof(buffer))) > 0) write_all(1, buffer, (size_t)count);
}

int main(int argc, char **argv, char **envp) {
    (void)envp;
    int code = 0;
    if (argc == 1) copy(0);
    for (int i = 1; i < argc; i++) {
        long fd = syscall(SYS_openat, AT_FDCWD, argv[i], O_RDONLY, 0);
        if (fd < 0) {
            complain("cat", argv[i]);
            code = 1;
            continue;
        }
        copy((int)fd);
        syscall(SYS_close, fd);
    }
    return code;
}
