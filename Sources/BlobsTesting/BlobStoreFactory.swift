public import Blobs

/// A kind of engine under test. Opening the same place again is a restart.
public struct BlobStoreFactory: Sendable, CustomStringConvertible {
    public var description: String
    public var open: @Sendable (_ place: String) async throws -> any BlobStore

    public init(_ description: String, open: @escaping @Sendable (_ place: String) async throws -> any BlobStore) {
        self.description = description
        self.open = open
    }
}

/// What a check of this library throws when the engine breaks a promise.
public struct BrokenPromise: Error, CustomStringConvertible {
    public var description: String
}

/// Checks one fact.
public func require(
    _ holds: Bool, _ message: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) throws {
    guard holds else { throw BrokenPromise(description: "\(file):\(line): \(message())") }
}

public func requireEqual<Value: Equatable>(
    _ left: Value, _ right: Value, _ message: @autoclosure () -> String = "", file: StaticString = #fileID,
    line: UInt = #line
) throws {
    guard left == right else {
        throw BrokenPromise(description: "\(file):\(line): \(left) is not \(right) \(message())")
    }
}

public func requireValue<Value>(
    _ value: Value?, _ message: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) throws -> Value {
    guard let value else { throw BrokenPromise(description: "\(file):\(line): \(message())") }
    return value
}

/// Checks that a call fails in one way.
public func requireFailure<Value>(
    _ expected: BlobError, file: StaticString = #fileID, line: UInt = #line,
    isolation: isolated (any Actor)? = #isolation, _ body: () async throws -> Value
) async throws {
    do {
        _ = try await body()
    } catch let error as BlobError where error == expected {
        return
    }
    throw BrokenPromise(description: "\(file):\(line): expected \(expected), but nothing was thrown")
}

/// Waits for a condition.
public func eventually(
    _ what: String, file: StaticString = #fileID, line: UInt = #line, isolation: isolated (any Actor)? = #isolation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while try await !condition() {
        try require(ContinuousClock.now < deadline, "not in time: \(what)", file: file, line: line)
        try await Task.sleep(for: .milliseconds(2))
    }
}
