/// Where the members of a type stand in its protobuf message, derived from its fields.
///
/// Mostly a number for each member. Where protobuf nests what JSON keeps flat (`SignatureIssuer`, `RawExtension`), the
/// numbers from the message down make a tree.
struct ProtobufLayout: Sendable, Hashable {
    indirect enum Content: Sendable, Hashable {
        /// A member: its place in the fields of the type.
        case field(Int)
        case message(ProtobufLayout)
    }

    struct Entry: Sendable, Hashable {
        let number: Int
        let content: Content
        /// What is written when the object has no such member: scalars and messages that are no pointers are always
        /// there, with their zero (spec/api-machinery.md 1.7).
        let absent: [UInt8]
    }

    /// By ascending number: the order in which they are written.
    let entries: [Entry]

    init(_ fields: [FieldSchema]) {
        self.init(fields.enumerated().map { (position: $0.offset, field: $0.element, path: $0.element.protobuf[...]) })
    }

    private init(_ members: [(position: Int, field: FieldSchema, path: ArraySlice<Int>)]) {
        let byNumber = Dictionary(grouping: members.filter { !$0.path.isEmpty }) { $0.path.first ?? 0 }
        entries = byNumber.sorted { $0.key < $1.key }.compactMap { number, members in
            guard let first = members.first else { return nil }
            if first.path.count == 1 {
                return Entry(number: number, content: .field(first.position), absent: first.field.absentField(number))
            }
            let inner = ProtobufLayout(members.map { ($0.position, $0.field, $0.path.dropFirst()) })
            var absent = ProtobufWriter()
            if members.contains(where: { !$0.field.isPointer }) { absent.field(number, inner.empty) }
            return Entry(number: number, content: .message(inner), absent: absent.bytes)
        }
    }

    /// The message of an object without members.
    var empty: [UInt8] { entries.flatMap(\.absent) }

    func entry(_ number: Int) -> Entry? { entries.first { $0.number == number } }

    /// The message made of the fields that are there.
    /// - Parameter fields: where in `source` the encoded field of each member stands, nil for what is absent.
    func assemble(_ fields: [Range<Int>?], from source: [UInt8]) -> [UInt8] {
        var writer = ProtobufWriter()
        for entry in entries {
            switch entry.content {
            case .field(let position):
                if let range = fields[position] { writer.append(source[range]) } else { writer.append(entry.absent) }
            case .message(let inner):
                if inner.isPresent(in: fields) {
                    writer.field(entry.number, inner.assemble(fields, from: source))
                } else {
                    writer.append(entry.absent)
                }
            }
        }
        return writer.bytes
    }

    private func isPresent(in fields: [Range<Int>?]) -> Bool {
        entries.contains { entry in
            switch entry.content {
            case .field(let position): fields[position] != nil
            case .message(let inner): inner.isPresent(in: fields)
            }
        }
    }
}

extension FieldSchema {
    fileprivate func absentField(_ number: Int) -> [UInt8] {
        guard !isPointer else { return [] }
        switch type {
        case .bytes, .list, .map, .rawJSON: return []
        case .string, .int64, .int32, .bool, .time, .microTime, .quantity, .object: return type.zeroField(number)
        }
    }
}

extension FieldType {
    /// The field with the zero of the type: also for elements and map values that are `null` in JSON.
    func zeroField(_ number: Int) -> [UInt8] {
        var writer = ProtobufWriter()
        switch self {
        case .int64, .int32: writer.field(number, Int64(0))
        case .bool: writer.field(number, false)
        case .object(let schema): writer.field(number, schema.layout.empty)
        case .quantity: writer.field(number, ProtobufEncoder.message(of: Quantity()))
        case .string, .bytes, .time, .microTime, .rawJSON, .list, .map: writer.field(number, [])
        }
        return writer.bytes
    }
}
