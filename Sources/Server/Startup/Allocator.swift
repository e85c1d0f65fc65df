import CMalloc
import Foundation

/// Keeps the C library's allocator from holding on to memory that was needed once.
///
/// Left alone it has up to eight heaps for each core and gives back only what lies at the end of one: after a storm of
/// connections or large lists the process would stay as large as it ever was.
enum Allocator {
    /// Call before the first thread is started.
    static func configure() {
        mallopt(M_ARENA_MAX, Int32(min(max(ProcessInfo.processInfo.activeProcessorCount, 2), 4)))
        // Fixed, because freeing a large block would otherwise raise it: lists and bodies go back at once.
        mallopt(M_MMAP_THRESHOLD, 512 * 1024)
        // `trimWhenIdle` does that, when nobody is kept waiting by it.
        mallopt(M_TRIM_THRESHOLD, 256 * 1024 * 1024)
    }

    /// Gives free memory back to the system now and then, if there is much; until the task is cancelled.
    static func trimWhenIdle() async throws {
        while true {
            try await Task.sleep(for: .seconds(10))
            if mallinfo2().fordblks > minimumTrimmed { malloc_trim(0) }
        }
    }

    /// Bytes that lie free before it is worth looking for them.
    private static let minimumTrimmed = 4 * 1024 * 1024
}
