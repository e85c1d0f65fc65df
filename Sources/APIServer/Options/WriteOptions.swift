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
    /// Server-side apply: the object comes with the managed fields it is to have.
    public var isApply: Bool
    /// Apply takes what other managers own.
    public var force: Bool

    public init(
        isDryRun: Bool = false, fieldManager: String = "", fieldValidation: FieldValidation = .warn,
        isApply: Bool = false, force: Bool = false
    ) {
        self.isDryRun = isDryRun
        self.fieldManager = fieldManager
        self.fieldValidation = fieldValidation
        self.isApply = isApply
        self.force = force
    }
}

/// Options of reading one object.
public struct GetOptions: Sendable, Hashable {
    /// Empty: the latest; `0`: any; N: not older than N.
    public var resourceVersion: String
    /// For objects that come in pages: the size of one, 0 where the client does not say, and where it begins.
    public var limit: Int
    public var continueToken: String

    public init(resourceVersion: String = "", limit: Int = 0, continueToken: String = "") {
        self.resourceVersion = resourceVersion
        self.limit = limit
        self.continueToken = continueToken
    }
}
