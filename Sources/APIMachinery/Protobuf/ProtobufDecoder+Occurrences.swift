extension ProtobufDecoder {
    /// Everything a message says about one member; may be nothing, which is the zero of the type.
    struct Occurrences {
        let bytes: [UInt8]
        let values: [ProtobufReader.Value]
        /// JSON name, for errors.
        let field: String

        init(_ bytes: [UInt8], _ values: [ProtobufReader.Value], field: String) {
            self.bytes = bytes
            self.values = values
            self.field = field
        }

        func only(_ value: ProtobufReader.Value) -> Occurrences { Occurrences(bytes, [value], field: field) }

        var lastNumber: UInt64 {
            if case .number(let number)? = values.last { number } else { 0 }
        }

        var lastBytes: ArraySlice<UInt8> {
            if case .bytes(let range)? = values.last { bytes[range] } else { [] }
        }

        /// A message written in pieces is the pieces one after the other.
        func merged() -> ProtobufReader {
            if values.count == 1, case .bytes(let range) = values[0] { return ProtobufReader(bytes, range) }
            var joined: [UInt8] = []
            for case .bytes(let range) in values { joined += bytes[range] }
            return ProtobufReader(joined)
        }

        /// What the message says about its own field `number`, which is of type `type`.
        func field(_ number: Int, _ type: FieldType) throws(ProtobufError) -> Occurrences {
            var message = merged()
            var found: [ProtobufReader.Value] = []
            while let (candidate, value) = try message.next() {
                guard candidate == number else { continue }
                guard type.accepts(value) else { throw .wrongWireType(field: field, wireType: value.wireType) }
                found.append(value)
            }
            return Occurrences(message.bytes, found, field: field)
        }

        // MARK: Times

        /// Seconds and nanoseconds; an empty message is no time at all.
        private func seconds() throws(ProtobufError) -> (seconds: Int64, nanoseconds: Int64)? {
            guard !merged().isAtEnd else { return nil }
            let seconds = Int64(bitPattern: try field(1, .int64).lastNumber)
            let nanoseconds = Int64(Int32(truncatingIfNeeded: try field(2, .int32).lastNumber))
            // The years RFC 3339 can write.
            guard -62_135_596_800...253_402_300_799 ~= seconds, 0..<1_000_000_000 ~= nanoseconds else {
                throw .invalidValue(field: field, "time out of range")
            }
            return (seconds, nanoseconds)
        }

        /// Whole seconds: the fraction is dropped.
        func time() throws(ProtobufError) -> Timestamp {
            try seconds().map { Timestamp(secondsSince1970: $0.seconds) } ?? Timestamp()
        }

        func microTime() throws(ProtobufError) -> MicroTime {
            try seconds().map {
                MicroTime(microsecondsSince1970: $0.seconds * 1_000_000 + $0.nanoseconds / 1000)
            } ?? MicroTime()
        }
    }
}
