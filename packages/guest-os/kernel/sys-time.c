/* System calls on time. All clocks count from power-on. */
#include "errno.h"
#include "syscall.h"
#include "time.h"
#include "usercopy.h"

#define NANOSECONDS 1000000000UL
#define TIMER_ABSTIME 1

long sys_clock_gettime(const u64 *arguments) {
    u64 now = nanoseconds_since_boot(), time[2] = {now / NANOSECONDS, now % NANOSECONDS};
    return copy_to_user(arguments[1], time, sizeof(time));
}

long sys_gettimeofday(const u64 *arguments) {
    u64 now = nanoseconds_since_boot(), time[2] = {now / NANOSECONDS, now % NANOSECONDS / 1000};
    return arguments[0] == 0 ? 0 : copy_to_user(arguments[0], time, sizeof(time));
}

static long sleep(u64 address, bool is_absolute) {
    u64 time[2];
    if (copy_from_user(time, address, sizeof(time)) != 0) return -EFAULT;
    if (time[1] >= NANOSECONDS || time[0] > -1UL / NANOSECONDS - 1) return -EINVAL;
    u64 duration = time[0] * NANOSECONDS + time[1], now = is_absolute ? nanoseconds_since_boot() : 0;
    return duration <= now ? 0 : sleep_nanoseconds(duration - now);
}

long sys_nanosleep(const u64 *arguments) {
    return sleep(arguments[0], false);
}

long sys_clock_nanosleep(const u64 *arguments) {
    return sleep(arguments[2], arguments[1] & TIMER_ABSTIME);
}
