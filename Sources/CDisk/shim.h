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

// Reads what is in memory of a file, as pread does, without ever waiting for the disk. -1 where nothing is, or that cannot be told.
static inline long weir_read_cached(int descriptor, void *bytes, long count, long offset) {
    struct iovec memory = {bytes, (size_t)count};
    // RWF_NOWAIT
    return syscall(SYS_preadv2, descriptor, &memory, 1, offset, 0L, 8);
}

// SYNC_FILE_RANGE_WRITE
static const unsigned int weir_sync_file_range_write = 2;
#endif

#endif
