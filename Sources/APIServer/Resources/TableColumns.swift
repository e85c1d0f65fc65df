import APIMachinery
import JSON

/// The columns of a resource as a table (spec/api-machinery.md 1.11, spec/image-resources.md 18).
public struct TableColumns<Object: APIObject>: Sendable {
    public struct Column: Sendable {
        public var name: String
        public var type: String
        public var format: String
        public var description: String
        /// 0 is always shown, 1 only in wide output.
        public var priority: Int

        public init(
            _ name: String, type: String = "string", format: String = "", description: String, priority: Int = 0
        ) {
            self.name = name
            self.type = type
            self.format = format
            self.description = description
            self.priority = priority
        }
    }

    public var columns: [Column]
    /// The rows of one object: its cells in the order of the columns. The second argument is the present time.
    public var rows: @Sendable (Object, Timestamp) -> [[JSONValue]]

    /// One row for each object.
    public init(columns: [Column], cells: @escaping @Sendable (Object, Timestamp) -> [JSONValue]) {
        self.init(columns: columns) { [cells($0, $1)] }
    }

    public init(columns: [Column], rows: @escaping @Sendable (Object, Timestamp) -> [[JSONValue]]) {
        self.columns = columns
        self.rows = rows
    }

    /// Name and creation time: for types without columns of their own.
    public static var standard: TableColumns {
        TableColumns(
            columns: [
                Column("Name", format: "name", description: Self.nameDescription),
                Column("Created At", type: "date", description: Self.createdDescription),
            ],
            cells: { object, _ in
                let created = object.metadata.creationTimestamp
                return [.string(object.metadata.name), .string(created.isZero ? "<unknown>" : created.description)]
            })
    }

    /// The published description of `metadata.name`, which clients may show.
    public static var nameDescription: String { ObjectMeta.schema.documentation(of: "name") }

    /// The published description of `metadata.creationTimestamp`.
    public static var createdDescription: String { ObjectMeta.schema.documentation(of: "creationTimestamp") }
}
