/// Options of create, update and patch (spec/api-machinery.md 7).
public struct WriteOptions: Sendable, Hashable {
    public enum FieldValidation: String, Sendable {
        case ignore = "Ignore"
        case warn = "Warn"
        case strict = "Strict"
    }
    /// Everything runs but the write.
    public var isDryRun: Bool
    public var fieldManager: String
    public var fieldValidation: FieldValidation

    public init(isDryRun: Bool = false, fieldManager: String = "", fieldValidation: FieldValidation = .warn) {
        self.isDryRun = isDryRun
        self.fieldManager = fieldManager
        self.fieldValidation = fieldValidation
    }
}

/// Options of reading one object.
public struct GetOptions: Sendable, Hashable {
    /// Empty: the latest; `0`: any; N: not older than N.
    public var resourceVersion: String

    public init(resourceVersion: String = "") { self.resourceVersion = resourceVersion }
}
