/* Pipes: a ring of one page. */
#include "pipe.h"

#include "arch/irq.h"
#include "errno.h"
#include "file.h"
#include "inode.h"
#include "kmalloc.h"
#include "pmm.h"
#include "process.h"
#include "signal.h"
#include "usercopy.h"

struct pipe {
    u8 *buffer;       /* PAGE_SIZE bytes */
    u64 read, written; /* bytes ever; their difference is what the ring holds */
    bool has_reader, has_writer;
    struct wait_queue readers, writers;
};

static size_t in_pipe(const struct pipe *pipe) {
    return pipe->written - pipe->read;
}

/* Waits while the pipe is empty (full) and the other end is open; -EINTR when a signal came first. */
static long wait_for_data(struct pipe *pipe) {
    irq_state state = local_irq_save();
    bool goes_on = true;
    while (goes_on && in_pipe(pipe) == 0 && pipe->has_writer) goes_on = wait_on(&pipe->readers);
    local_irq_restore(state);
    return goes_on ? 0 : -EINTR;
}

static long wait_for_space(struct pipe *pipe) {
    irq_state state = local_irq_save();
    bool goes_on = true;
    while (goes_on && in_pipe(pipe) == PAGE_SIZE && pipe->has_reader) goes_on = wait_on(&pipe->writers);
    local_irq_restore(state);
    return goes_on ? 0 : -EINTR;
}

static long pipe_read(struct file *file, u64 *offset, u64 buffer, size_t count) {
    (void)offset;
    struct pipe *pipe = file->pipe;
    if (in_pipe(pipe) == 0 && pipe->has_writer) {
        if (file->flags & O_NONBLOCK) return -EAGAIN;
        long error = wait_for_data(pipe);
        if (error != 0) return error;
    }
    size_t done = 0;
    while (done < count && in_pipe(pipe) > 0) {
        u64 at = pipe->read % PAGE_SIZE;
        size_t part = MIN(MIN(count - done, in_pipe(pipe)), PAGE_SIZE - at);
        if (copy_to_user(buffer + done, pipe->buffer + at, part) != 0) return done > 0 ? (long)done : -EFAULT;
        pipe->read += part;
        done += part;
    }
    wake_all(&pipe->writers);
    return (long)done;
}

static long pipe_write(struct file *file, u64 *offset, u64 buffer, size_t count) {
    (void)offset;
    struct pipe *pipe = file->pipe;
    size_t done = 0;
    while (done < count) {
        if (in_pipe(pipe) == PAGE_SIZE && (file->flags & O_NONBLOCK)) return done > 0 ? (long)done : -EAGAIN;
        long error = wait_for_space(pipe);
        if (error != 0) return done > 0 ? (long)done : error;
        if (!pipe->has_reader) {
            send_signal(current, SIGPIPE);
            return done > 0 ? (long)done : -EPIPE;
        }
        u64 at = pipe->written % PAGE_SIZE;
        size_t part = MIN(MIN(count - done, PAGE_SIZE - in_pipe(pipe)), PAGE_SIZE - at);
        if (copy_from_user(pipe->buffer + at, buffer + done, part) != 0) return done > 0 ? (long)done : -EFAULT;
        pipe->written += part;
        done += part;
        wake_all(&pipe->readers);
    }
    return (long)done;
}

static void pipe_close(struct file *file) {
    struct pipe *pipe = file->pipe;
    if (file_is_writable(file)) {
        pipe->has_writer = false;
        wake_all(&pipe->readers);
    } else {
        pipe->has_reader = false;
        wake_all(&pipe->writers);
    }
    if (pipe->has_reader || pipe->has_writer) return;
    frame_put(pipe->buffer);
    kfree(pipe, sizeof(*pipe));
}

static const struct file_operations pipe_operations = {
    .read = pipe_read, .write = pipe_write, .close = pipe_close, .mode = S_IFIFO | 0600};

long pipe_create(struct file **read_end, struct file **write_end, u32 flags) {
    struct pipe *pipe = kmalloc(sizeof(*pipe));
    u8 *buffer = frame_alloc();
    *read_end = file_create(&pipe_operations, O_RDONLY | (flags & O_NONBLOCK));
    *write_end = file_create(&pipe_operations, O_WRONLY | (flags & O_NONBLOCK));
    if (pipe == NULL || buffer == NULL || *read_end == NULL || *write_end == NULL) {
        kfree(pipe, sizeof(*pipe));
        if (buffer != NULL) frame_put(buffer);
        kfree(*read_end, sizeof(struct file));
        kfree(*write_end, sizeof(struct file));
        return -ENOMEM;
    }
    pipe->buffer = buffer;
    pipe->has_reader = pipe->has_writer = true;
    (*read_end)->pipe = (*write_end)->pipe = pipe;
    return 0;
}
