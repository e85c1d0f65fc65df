// Calls of Linux that the C library shows only to programs that ask for its extensions.
#ifndef WEIR_CDISK_H
#define WEIR_CDISK_H

#ifdef __linux__
#include <sys/vfs.h>

// The magic number of the file system of a path; 0 where it cannot be told.
static inline long weir_file_system_type(const char *path) {
    struct statfs status;
    return statfs(path, &status) == 0 ? (long)status.f_type : 0;
}

extern int syncfs(int descriptor);
extern int sync_file_range(int descriptor, long offset, long count, unsigned int flags);

// SYNC_FILE_RANGE_WRITE
static const unsigned int weir_sync_file_range_write = 2;
#endif

#endif
