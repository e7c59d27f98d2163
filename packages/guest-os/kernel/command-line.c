#include "command-line.h"

#include "board.h"
#include "print.h"
#include "string.h"

struct command_line command_line = {
    .init = "/init",
    .environment = {"PATH=/bin", "HOME=/", NULL},
};

/* Takes the next word off `*text`; NULL at the end. Quotes group; a backslash takes the next character as it is. */
static char *next_word(char **text) {
    char *from = *text;
    while (*from == ' ') from++;
    if (*from == 0) return NULL;
    char *word = from, *to = from;
    bool is_quoted = false;
    for (; *from != 0 && (is_quoted || *from != ' '); from++) {
        if (*from == '"') {
            is_quoted = !is_quoted;
            continue;
        }
        if (*from == '\\' && from[1] != 0) from++;
        *to++ = *from;
    }
    *text = *from == 0 ? from : from + 1;
    *to = 0;
    return word;
}

void command_line_init(void) {
    char *rest = board.command_line, *word;
    while ((word = next_word(&rest)) != NULL && strcmp(word, "--") != 0) {
        if (strncmp(word, "init=", 5) == 0) command_line.init = word + 5;
        if (strcmp(word, "quiet") == 0) quiet = true;
        if (strcmp(word, "noecho") == 0) command_line.no_echo = true;
    }
    u64 count = 0;
    command_line.arguments[count++] = command_line.init;
    while (count < MOST_INIT_ARGUMENTS && (word = next_word(&rest)) != NULL) command_line.arguments[count++] = word;
}
