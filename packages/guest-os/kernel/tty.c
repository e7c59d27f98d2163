/*
 * Line discipline: collects a line, with echo and erase, until it ends; raw when ICANON is off. Output passes unchanged,
 * so that a program's bytes are the same here and in a pipe.
 */
#include "tty.h"

#include "arch/console.h"
#include "arch/irq.h"
#include "command-line.h"
#include "errno.h"
#include "inode.h"
#include "print.h"
#include "process.h"
#include "signal.h"
#include "usercopy.h"

#define INPUT_SIZE 1024
#define BUFFER_SIZE 256

#define CONTROL_C 3
#define CONTROL_D 4
#define BACKSPACE 8
#define DELETE 127
#define KILL_LINE 21

#define TCGETS 0x5401
#define TCSETS 0x5402
#define TCSETSF 0x5404
#define TIOCGWINSZ 0x5413

#define ICRNL 0000400
#define ISIG 0000001
#define ICANON 0000002
#define ECHO 0000010

/* struct termios of include/uapi/asm-generic/termbits.h */
static struct {
    u32 input, output, control, local;
    u8 line, characters[19];
} termios = {.input = ICRNL, .control = 0x4bd /* 38400 8N1 */, .local = ISIG | ICANON | ECHO};

#define END_OF_FILE 0x100 /* in the ring: control-D at the start of a line */

static struct {
    u16 ring[INPUT_SIZE];
    u64 read, ready, written; /* characters ever; from `ready` on they belong to the unfinished line */
} input;
static struct wait_queue readers;

void tty_init(void) {
    if (command_line.no_echo) termios.local &= ~(u32)ECHO;
}

static void echo(const char *text, size_t count) {
    if (termios.local & ECHO) console_write(text, count);
}

/* True while nobody has seen that a full ring has room again. */
static bool device_waits;

bool tty_has_room(void) {
    bool has_room = input.written - input.read < INPUT_SIZE - 1 || input.read == input.ready;
    device_waits = !has_room;
    return has_room;
}

/* The last place is for the end of a line; what makes a line too long is lost, as on Linux. */
static bool append(u16 c) {
    bool ends_line = c == '\n' || c == END_OF_FILE;
    if (input.written - input.read >= (ends_line ? INPUT_SIZE : INPUT_SIZE - 1)) return false;
    input.ring[input.written++ % INPUT_SIZE] = c;
    return true;
}

static void make_ready(void) {
    input.ready = input.written;
    wake_all(&readers);
}

static void erase(void) {
    if (input.written == input.ready) return;
    input.written--;
    echo("\b \b", 3);
}

/* True when the character was a command and not input. */
static bool handle_control(char c) {
    if ((termios.local & ISIG) && c == CONTROL_C) {
        echo("^C\n", 3);
        input.written = input.ready;
        signal_foreground(SIGINT);
        return true;
    }
    if (!(termios.local & ICANON)) return false;
    switch (c) {
    case BACKSPACE:
    case DELETE: erase(); return true;
    case KILL_LINE:
        while (input.written != input.ready) erase();
        return true;
    case CONTROL_D:
        if (input.written == input.ready) append(END_OF_FILE);
        make_ready();
        return true;
    default: return false;
    }
}

void tty_input(char c) {
    if (c == '\r' && (termios.input & ICRNL)) c = '\n';
    if (handle_control(c)) return;
    if (!append((u8)c)) return;
    echo(&c, 1);
    if (c == '\n' || !(termios.local & ICANON)) make_ready();
}

/* Takes characters up to the end of a line, or of the file. */
static size_t take(char *to, size_t count) {
    size_t done = 0;
    while (done < count && input.read != input.ready) {
        u16 c = input.ring[input.read % INPUT_SIZE];
        if (c == END_OF_FILE && done > 0) break; /* for the next read */
        input.read++;
        if (c == END_OF_FILE) break;
        to[done++] = (char)c;
        if (c == '\n' && (termios.local & ICANON)) break;
    }
    return done;
}

static long tty_read(struct file *file, u64 *offset, u64 buffer, size_t count) {
    (void)offset;
    char part[BUFFER_SIZE];
    irq_state state = local_irq_save();
    bool goes_on = true;
    while (goes_on && input.read == input.ready) goes_on = !(file->flags & O_NONBLOCK) && wait_on(&readers);
    size_t done = goes_on ? take(part, MIN(count, sizeof(part))) : 0;
    if (device_waits) console_interrupt();
    local_irq_restore(state);
    if (!goes_on) return file->flags & O_NONBLOCK ? -EAGAIN : -EINTR;
    return copy_to_user(buffer, part, done) != 0 ? -EFAULT : (long)done;
}

static long tty_write(struct file *file, u64 *offset, u64 buffer, size_t count) {
    (void)file, (void)offset;
    char part[BUFFER_SIZE];
    for (size_t done = 0; done < count;) {
        size_t size = MIN(count - done, sizeof(part));
        if (copy_from_user(part, buffer + done, size) != 0) return done > 0 ? (long)done : -EFAULT;
        console_write(part, size);
        done += size;
    }
    return (long)count;
}

const struct file_operations tty_operations = {.read = tty_read, .write = tty_write, .mode = S_IFCHR | 0620};

struct file *tty_open(void) {
    struct file *file = file_create(&tty_operations, O_RDWR);
    if (file == NULL) panic("not enough memory");
    return file;
}

long tty_control(u64 request, u64 argument) {
    static const u16 window[4] = {24, 80, 0, 0};
    switch (request) {
    case TCGETS: return copy_to_user(argument, &termios, 36);
    case TCSETS:
    case TCSETS + 1:
    case TCSETSF: return copy_from_user(&termios, argument, 36);
    case TIOCGWINSZ: return copy_to_user(argument, window, sizeof(window));
    default: return -ENOTTY;
    }
}
