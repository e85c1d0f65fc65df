/// One event of a protobuf watch: a length of four bytes, the highest first, and a `WatchEvent` of that length
/// (spec/api-machinery.md 1.7, D.3).
public enum ProtobufWatchFrame {
    public static let mediaType = "application/vnd.kubernetes.protobuf;stream=watch"

    /// Bytes of the length in front of each event.
    public static let lengthSize = 4

    /// - Parameter object: a complete envelope.
    public static func bytes(type: String, object: [UInt8]) -> [UInt8] {
        var extensionObject = ProtobufWriter()
        extensionObject.field(1, object)
        var event = ProtobufWriter()
        event.field(1, type)
        event.field(2, extensionObject.bytes)
        let length = UInt32(clamping: event.bytes.count)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) } + event.bytes
    }
}
