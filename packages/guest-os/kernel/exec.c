/* execve: static ELF programs. Pages are read when they are touched; only the stack's top is written here. */
#include "exec.h"

#include "arch/cpu.h"
#include "elf.h"
#include "errno.h"
#include "file.h"
#include "inode.h"
#include "path.h"
#include "pmm.h"
#include "process.h"
#include "string.h"
#include "usercopy.h"

#define MOST_PROGRAM_HEADERS 16
#define MOST_STACK_WORDS 256

/* Auxiliary vector (include/uapi/linux/auxvec.h). */
enum { AT_NULL, AT_PHDR = 3, AT_PHENT = 4, AT_PHNUM = 5, AT_PAGESZ = 6, AT_ENTRY = 9, AT_SECURE = 23, AT_RANDOM = 25 };

struct program {
    struct elf_header header;
    struct elf_program_header segments[MOST_PROGRAM_HEADERS];
};

static long read_program(struct inode *inode, struct program *program) {
    struct elf_header *header = &program->header;
    if (!inode_is(inode, S_IFREG) || !(inode->mode & 0111)) return -EACCES;
    if (inode_read(inode, 0, header, sizeof(*header)) != sizeof(*header)) return -ENOEXEC;
    if (memcmp(header->identification, ELF_MAGIC, 7) != 0 || header->type != ET_EXEC || header->machine != EM_RISCV) {
        return -ENOEXEC;
    }
    size_t size = header->program_header_count * sizeof(struct elf_program_header);
    if (header->program_header_size != sizeof(struct elf_program_header) || size > sizeof(program->segments)) return -ENOEXEC;
    return inode_read(inode, header->program_headers, program->segments, size) == size ? 0 : -ENOEXEC;
}

static bool segment_is_good(const struct vm *vm, const struct elf_program_header *segment, const struct inode *inode) {
    u64 end = segment->address + segment->memory_size;
    return segment->file_size <= segment->memory_size && segment->offset + segment->file_size <= inode->size &&
           segment->offset + segment->file_size >= segment->offset && end >= segment->address && end < USER_MMAP_BASE &&
           ((segment->address ^ segment->offset) & (PAGE_SIZE - 1)) == 0 &&
           vm_is_free(vm, ALIGN_DOWN(segment->address, PAGE_SIZE), ALIGN_UP(end, PAGE_SIZE));
}

static long map_segment(struct vm *vm, const struct elf_program_header *segment, struct inode *inode) {
    if (!segment_is_good(vm, segment, inode)) return -ENOEXEC;
    u64 lead = segment->address & (PAGE_SIZE - 1);
    struct area area = {
        .start = segment->address - lead,
        .end = ALIGN_UP(segment->address + segment->memory_size, PAGE_SIZE),
        .file = inode,
        .file_offset = segment->offset - lead,
        .file_bytes = segment->file_size == 0 ? 0 : segment->file_size + lead,
    };
    if (segment->flags & PF_R) area.prot |= PROT_READ;
    if (segment->flags & PF_W) area.prot |= PROT_WRITE;
    if (segment->flags & PF_X) area.prot |= PROT_EXEC;
    vm->heap_start = vm->heap_end = MAX(vm->heap_start, area.end);
    return vm_add(vm, area) ? 0 : -ENOMEM;
}

static long map_program(struct vm *vm, const struct program *program, struct inode *inode) {
    for (u32 i = 0; i < program->header.program_header_count; i++) {
        const struct elf_program_header *segment = &program->segments[i];
        if (segment->type != PT_LOAD || segment->memory_size == 0) continue;
        long error = map_segment(vm, segment, inode);
        if (error != 0) return error;
    }
    if (vm->areas == NULL) return -ENOEXEC;
    struct area stack = {
        .start = USER_STACK_TOP - USER_STACK_SIZE, .end = USER_STACK_TOP, .prot = PROT_READ | PROT_WRITE};
    return vm_add(vm, stack) ? 0 : -ENOMEM;
}

/* The initial stack under construction: strings fill its top page from the end, a table of words comes below. */
struct stack {
    u8 *page;
    u64 used; /* from the end of the page */
    u64 *words;
    u64 count;
};

static bool push_string(struct stack *stack, const char *text) {
    size_t size = strlen(text) + 1;
    u64 table = (stack->count + 24) * sizeof(u64); /* the words so far, the auxiliary vector to come */
    if (stack->count + 24 > MOST_STACK_WORDS || stack->used + size + table > PAGE_SIZE) return false;
    stack->used += size;
    memcpy(stack->page + PAGE_SIZE - stack->used, text, size);
    stack->words[stack->count++] = USER_STACK_TOP - stack->used;
    return true;
}

static bool push_strings(struct stack *stack, const char *const *list) {
    for (; *list != NULL; list++) {
        if (!push_string(stack, *list)) return false;
    }
    stack->words[stack->count++] = 0;
    return true;
}

/* The address of the program headers in memory, for AT_PHDR. */
static u64 headers_address(const struct program *program) {
    for (u32 i = 0; i < program->header.program_header_count; i++) {
        const struct elf_program_header *segment = &program->segments[i];
        u64 offset = program->header.program_headers - segment->offset;
        if (segment->type == PT_LOAD && offset < segment->file_size) return segment->address + offset;
    }
    return 0;
}

static void push_auxiliary(struct stack *stack, const struct program *program) {
    const u64 vector[][2] = {
        {AT_PHDR, headers_address(program)},
        {AT_PHENT, sizeof(struct elf_program_header)},
        {AT_PHNUM, program->header.program_header_count},
        {AT_PAGESZ, PAGE_SIZE},
        {AT_ENTRY, program->header.entry},
        {AT_SECURE, 0},
        {AT_RANDOM, USER_STACK_TOP - 16}, /* 16 bytes at the top, always the same: runs repeat */
        {AT_NULL, 0},
    };
    memcpy(stack->words + stack->count, vector, sizeof(vector));
    stack->count += sizeof(vector) / sizeof(u64);
}

/* Fills the stack's top page; the user's stack pointer, or -E2BIG. */
static long build_stack(struct stack *stack, const struct program *program, const char *const *arguments,
                        const char *const *environment) {
    stack->used = 16;
    stack->count = 1;
    memcpy(stack->page + PAGE_SIZE - 16, "worldswitch-2026", 16);
    if (!push_strings(stack, arguments)) return -E2BIG;
    stack->words[0] = stack->count - 2;
    if (!push_strings(stack, environment)) return -E2BIG;
    push_auxiliary(stack, program);
    u64 size = ALIGN_UP(stack->used, 16) + ALIGN_UP(stack->count * sizeof(u64), 16);
    if (size > PAGE_SIZE) return -E2BIG;
    memcpy(stack->page + PAGE_SIZE - size, stack->words, stack->count * sizeof(u64));
    return (long)(USER_STACK_TOP - size);
}

/* Makes the new address space in `vm`; the user's stack pointer, or -errno. `scratch` is a page for the tables. */
static long load(struct vm *vm, struct inode *inode, void *scratch, const char *const *arguments,
                 const char *const *environment) {
    struct program *program = scratch;
    struct stack stack = {.words = (u64 *)(program + 1)};
    _Static_assert(sizeof(*program) + MOST_STACK_WORDS * sizeof(u64) <= PAGE_SIZE, "scratch page");
    long error = read_program(inode, program);
    if (error == 0) error = map_program(vm, program, inode);
    if (error != 0) return error;
    pte_t *slot = pagetable_find_or_create(&vm->pagetable, USER_STACK_TOP - PAGE_SIZE);
    if (slot == NULL || (stack.page = frame_alloc_zeroed()) == NULL) return -ENOMEM;
    set_pte(slot, pte_user_page(stack.page, PROT_READ | PROT_WRITE));
    return build_stack(&stack, program, arguments, environment);
}

static void start(u64 entry, u64 stack_pointer, const char *path) {
    struct trap_frame *frame = process_frame(current);
    memset(frame, 0, sizeof(*frame));
    frame->pc = entry;
    frame->x[REGISTER_SP] = stack_pointer;
    const char *name = path;
    for (const char *at = path; *at != 0; at++) {
        if (*at == '/') name = at + 1;
    }
    memset(current->name, 0, sizeof(current->name));
    memcpy(current->name, name, MIN(strlen(name), sizeof(current->name) - 1));
}

long execute(const char *path, const char *const *arguments, const char *const *environment) {
    struct inode *inode;
    struct vm vm;
    long error = path_find(current->directory, path, &inode);
    if (error != 0) return error;
    void *scratch = frame_alloc();
    if (scratch == NULL) return -ENOMEM;
    if (!vm_create(&vm)) {
        frame_put(scratch);
        return -ENOMEM;
    }
    long stack_pointer = load(&vm, inode, scratch, arguments, environment);
    u64 entry = ((struct program *)scratch)->header.entry;
    frame_put(scratch);
    if (stack_pointer < 0) {
        vm_destroy(&vm);
        return stack_pointer;
    }
    struct vm old = current->vm;
    current->vm = vm;
    pagetable_activate(&vm.pagetable);
    start(entry, (u64)stack_pointer, path);
    vm_destroy(&old);
    descriptors_close_on_exec();
    return 0;
}
