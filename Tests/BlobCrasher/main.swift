// Works on a store of blobs until it is killed, or until the disk is full.
// Usage: weir-blob-crasher push DIRECTORY SEED | fill DIRECTORY | limit DIRECTORY
import Foundation

let arguments = CommandLine.arguments
switch arguments.count > 2 ? arguments[1] : "" {
case "push": await Crasher.push(arguments[2], seed: UInt64(arguments.count > 3 ? arguments[3] : "") ?? 1)
case "fill": await FullDisk.run(arguments[2], .full)
case "limit":
    signal(SIGXFSZ, SIG_IGN)
    var limit = rlimit(rlim_cur: 400_000, rlim_max: 400_000)
    setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    await FullDisk.run(arguments[2], .tooLarge)
default: exit(64)
}
