// Calls of Linux that the C library shows only to programs that ask for its extensions.
#ifndef WEIR_CDISK_H
#define WEIR_CDISK_H

#ifdef __linux__
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/vfs.h>
#include <unistd.h>

// The magic number of the file system of a path; 0 where it cannot be told.
static inline long weir_file_system_type(const char *path) {
    struct statfs status;
    return statfs(path, &status) == 0 ? (long)status.f_type : 0;
}

extern int syncfs(int descriptor);
extern int sync_file_range(int descriptor, long offset, long count, unsigned int flags);

// Whether a byte of a file is in memory, so that whoever reads it need not wait for the disk. 0 where that cannot be told.
static inline int weir_is_in_memory(int descriptor, long offset) {
    char byte;
    struct iovec memory = {&byte, 1};
    // RWF_NOWAIT
    return syscall(SYS_preadv2, descriptor, &memory, 1, offset, 0L, 8) == 1;
}

// SYNC_FILE_RANGE_WRITE
static const unsigned int weir_sync_file_range_write = 2;
#endif

#endif
