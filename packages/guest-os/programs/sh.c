/*
 * A tiny shell: sh [-c COMMANDS]. Words with '...' and "...", $?, pipes, < > >>, ; && ||, # comments; cd and exit are
 * built in. A program without a slash is looked for in /bin.
 */
#include "program.h"

#define MOST_WORDS 32
#define MOST_COMMANDS 8
#define LINE_SIZE 1024
#define O_APPEND 02000
#define SIGINT 2

struct command {
    char *words[MOST_WORDS + 1];
    u64 count;
    char *input, *output;
    int append;
};

static char line[LINE_SIZE], text[LINE_SIZE * 2];
static char *free_text;
static u32 last_status;
static int is_interactive;
static char **environment;

static void set_interrupt(long handler) {
    long action[3] = {handler, 0, 0};
    syscall(SYS_rt_sigaction, SIGINT, action, 0, 8);
}

static int is_operator(char c) {
    return c == '|' || c == '<' || c == '>' || c == ';' || c == '&' || c == '\n' || c == '#';
}

static void put(char c) {
    if (free_text < text + sizeof(text) - 1) *free_text++ = c;
}

static void put_status(void) {
    if (last_status >= 100) put((char)('0' + last_status / 100));
    if (last_status >= 10) put((char)('0' + last_status / 10 % 10));
    put((char)('0' + last_status % 10));
}

/* Takes one word off `*at`, quotes removed and $? replaced; NULL when an operator or the end comes first. */
static char *next_word(char **at) {
    char *from = *at, *word = free_text, quote = 0;
    while (*from == ' ' || *from == '\t') from++;
    *at = from;
    if (*from == 0 || is_operator(*from)) return NULL;
    for (; *from != 0 && (quote != 0 || (*from != ' ' && *from != '\t' && !is_operator(*from))); from++) {
        if (quote != 0 && *from == quote) {
            quote = 0;
        } else if (quote == 0 && (*from == '\'' || *from == '"')) {
            quote = *from;
        } else if (quote != '\'' && from[0] == '$' && from[1] == '?') {
            put_status();
            from++;
        } else {
            put(*from);
        }
    }
    put(0);
    *at = from;
    return word;
}

/* Reads one command up to an operator other than a redirection; 0 when a redirection lacks its file. */
static int read_command(char **at, struct command *command) {
    memset(command, 0, sizeof(*command));
    for (;;) {
        char *word = next_word(at);
        if (word != NULL) {
            if (command->count < MOST_WORDS) command->words[command->count++] = word;
            continue;
        }
        char joint = **at;
        if (joint != '<' && joint != '>') return 1;
        command->append = joint == '>' && (*at)[1] == '>';
        *at += 1 + command->append;
        char *file = next_word(at);
        if (file == NULL) return 0;
        if (joint == '<') command->input = file;
        else command->output = file;
    }
}

static void redirect(const char *path, int flags, int to) {
    long fd = syscall(SYS_openat, AT_FDCWD, path, flags, 0644);
    if (fd < 0) {
        complain("sh", path);
        exit(1);
    }
    syscall(SYS_dup3, fd, to, 0);
    syscall(SYS_close, fd);
}

/* In the child: never returns. */
static void run_program(struct command *command) {
    char path[LINE_SIZE + 5] = "/bin/";
    char *name = command->words[0];
    if (is_interactive) set_interrupt(0);
    if (command->input != NULL) redirect(command->input, O_RDONLY, 0);
    if (command->output != NULL) redirect(command->output, O_WRONLY | O_CREAT | (command->append ? O_APPEND : O_TRUNC), 1);
    if (name == NULL) exit(0);
    int has_slash = 0;
    for (char *at = name; *at != 0; at++) has_slash |= *at == '/';
    memcpy(path + (has_slash ? 0 : 5), name, strlen(name) + 1);
    execute(path, command->words, environment);
    complain(name, "not found");
    exit(127);
}

static long start(struct command *command, int input, int output, int unused) {
    long pid = fork();
    if (pid != 0) return pid;
    if (input != 0) syscall(SYS_dup3, input, 0, 0), syscall(SYS_close, input);
    if (output != 1) syscall(SYS_dup3, output, 1, 0), syscall(SYS_close, output);
    if (unused >= 0) syscall(SYS_close, unused);
    run_program(command);
    return 0;
}

static void run_pipeline(struct command *commands, u64 count) {
    int input = 0;
    long last = 0;
    u64 started = 0;
    for (u64 i = 0; i < count; i++) {
        int ends[2] = {-1, 1};
        if (i + 1 < count && syscall(SYS_pipe2, ends, 0) != 0) break;
        last = start(&commands[i], input, ends[1], ends[0]);
        if (last > 0) started++;
        if (input != 0) syscall(SYS_close, input);
        if (ends[1] != 1) syscall(SYS_close, ends[1]);
        input = ends[0];
    }
    if (last < 0) {
        complain("sh", "cannot fork");
        last_status = 126;
    }
    for (u32 status; started > 0; started--) {
        if (wait_for_child(&status) == last) last_status = status;
    }
}

static void run(struct command *commands, u64 count) {
    char **words = commands[0].words;
    if (count > 1 || words[0] == NULL || (strcmp(words[0], "cd") != 0 && strcmp(words[0], "exit") != 0)) {
        if (words[0] != NULL || commands[0].output != NULL) run_pipeline(commands, count);
        return;
    }
    if (strcmp(words[0], "exit") == 0) exit((int)parse_number(words[1], last_status));
    last_status = syscall(SYS_chdir, words[1] == NULL ? "/" : words[1]) == 0 ? 0 : 1;
    if (last_status != 0) complain("cd", words[1]);
}

static void syntax_error(void) {
    complain("sh", "syntax error");
    last_status = 2;
}

/* Runs pipelines joined by ; && || and newlines. */
static void run_text(char *at) {
    static struct command commands[MOST_COMMANDS];
    int is_skipped = 0;
    for (;;) {
        u64 count = 0;
        free_text = text;
        for (;;) {
            if (count == MOST_COMMANDS || !read_command(&at, &commands[count])) return syntax_error();
            count++;
            if (at[0] != '|' || at[1] == '|') break;
            if (commands[count - 1].count == 0) return syntax_error();
            at++;
        }
        if (count > 1 && commands[count - 1].count == 0) return syntax_error();
        if (!is_skipped) run(commands, count);
        if (*at == '#') {
            while (*at != 0 && *at != '\n') at++;
        }
        if (*at == 0) return;
        char joint = *at;
        if (joint == '&' && at[1] != '&') return syntax_error();
        at += joint == '&' || joint == '|' ? 2 : 1;
        is_skipped = joint == '&' ? last_status != 0 : joint == '|' ? last_status == 0 : 0;
    }
}

/* One line from standard input, byte by byte so that programs find the rest; 0 at its end. */
static int read_line(void) {
    size_t length = 0;
    for (;;) {
        char c;
        long count = syscall(SYS_read, 0, &c, 1);
        if (count <= 0) break;
        if (length < LINE_SIZE - 1) line[length++] = c;
        if (c == '\n') break;
    }
    line[length] = 0;
    return length > 0;
}

int main(int argc, char **argv, char **envp) {
    environment = envp;
    if (argc > 2 && strcmp(argv[1], "-c") == 0) {
        run_text(argv[2]);
        return (int)last_status;
    }
    u8 settings[64];
    is_interactive = syscall(29 /* ioctl */, 0, 0x5401 /* TCGETS */, settings) == 0;
    if (is_interactive) set_interrupt(1 /* SIG_IGN */);
    for (;;) {
        if (is_interactive) print("$ "), flush();
        if (!read_line()) break;
        run_text(line);
    }
    return (int)last_status;
}
