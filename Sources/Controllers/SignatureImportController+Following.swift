import APIServer
import ImageAPI

/// Which images are looked at, and when.
extension SignatureImportController {
    func changes() async throws -> any WatchStream<Image> {
        var options = ListOptions()
        options.sendInitialEvents = false
        return try await api.images.watch(options, context())
    }

    /// Puts every Image that comes or changes into the queue. Those that are there are the resync's; so is what a watch
    /// that breaks off has missed.
    func follow(_ first: (any WatchStream<Image>)?) async {
        var opened = first
        while !Task.isCancelled {
            do {
                let watch = if let opened { opened } else { try await changes() }
                opened = nil
                try await watch.forEach { events in
                    for event in events where event.kind != .deleted {
                        // Whoever changes an Image may know of a signature.
                        resting[event.name.hashValue] = nil
                        queue.add(event.name)
                    }
                }
                if watch.isEnded { return }
            } catch is CancellationError {
                return
            } catch {
                logger.warning("following images failed", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// Puts all Images into the queue, again and again, evenly over the time of a resync. The first time goes faster.
    ///
    /// Names are read some at a time: there may be very many Images.
    func resync() async {
        var isFirst = true
        while !Task.isCancelled {
            do {
                let share = configuration.resync / max(1, api.images.count)
                let pause = isFirst ? min(share, configuration.startPause) : share
                var last = ""
                while case let names = try await api.images.names(in: "", after: last, limit: 256), !names.isEmpty {
                    for name in names {
                        if !isFirst || !last.isEmpty { try await Task.sleep(for: pause) }
                        queue.add(name)
                        last = name
                    }
                }
                if last.isEmpty { try await Task.sleep(for: pause) }
                isFirst = false
            } catch is CancellationError {
                return
            } catch {
                logger.warning("listing images failed", metadata: ["error": "\(error)"])
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }
}
