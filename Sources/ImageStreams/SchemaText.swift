import APIMachinery

extension TypeSchema {
    /// What the published schema says of a field: the description of its column in tables.
    func text(of field: String) -> String { self.field(field)?.documentation ?? "" }
}
