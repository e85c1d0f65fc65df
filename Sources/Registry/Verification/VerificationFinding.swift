import JSON
import OCI

/// Something a verification came upon (spec/registry.md 5.8, W-17, W-18).
public struct VerificationFinding: Hashable, Sendable {
    public enum Kind: String, Sendable, CaseIterable {
        /// The bytes of a blob are not those of its name.
        case damagedBlob = "DamagedBlob"
        /// The disk does not give the blob back.
        case unreadableBlob = "UnreadableBlob"
        /// There is a record of the blob, and no file.
        case missingBlob = "MissingBlob"
        /// The record says another size than the file has.
        case wrongSize = "WrongSize"
        /// Another digest stands for a blob that does not hash to it.
        case wrongAlias = "WrongAlias"
        /// An image, or what it is made of, is not there.
        case brokenImage = "BrokenImage"
        /// A tag's history names such an image.
        case brokenTag = "BrokenTag"
        /// A repository links what is not there.
        case brokenLink = "BrokenLink"
        /// An index names images that are not here. They may never have been: not all platforms of an image must be.
        case incompleteIndex = "IncompleteIndex"
        /// A file without a record. A push may be about to make it; the collector removes it otherwise.
        case unknownFile = "UnknownFile"

        /// Whether somebody has to see to it.
        public var isBroken: Bool { self != .incompleteIndex && self != .unknownFile }
    }

    public var kind: Kind
    /// Of what is wrong or missing.
    public var digest: String
    /// `namespace/name` of the repository, or `namespace/name:tag`.
    public var place: String?
    /// The place of the event in the tag's history; 0 is the newest.
    public var position: Int?
    public var message: String
    /// What was done about it; nil where nothing was.
    public var repair: String?

    init(
        _ kind: Kind, _ digest: String, place: String? = nil, position: Int? = nil, _ message: String,
        repair: String? = nil
    ) {
        self.kind = kind
        self.digest = digest
        self.place = place
        self.position = position
        self.message = message
        self.repair = repair
    }

    public init?(_ value: JSONValue) {
        guard let kind = value["kind"]?.stringValue.flatMap(Kind.init(rawValue:)),
            let digest = value["digest"]?.stringValue
        else { return nil }
        self.init(
            kind, digest, place: value["place"]?.stringValue,
            position: value["position"]?.integerValue.flatMap { Int(exactly: $0) }, value["message"]?.stringValue ?? "",
            repair: value["repair"]?.stringValue)
    }

    public var json: JSONValue {
        var out = JSONObject()
        out["kind"] = .string(kind.rawValue)
        out["digest"] = .string(digest)
        if let place { out["place"] = .string(place) }
        if let position { out["position"] = .integer(Int64(position)) }
        out["message"] = .string(message)
        if let repair { out["repair"] = .string(repair) }
        return .object(out)
    }

    /// Whether it is as bad after the verification as before.
    public var isOpen: Bool { kind.isBroken && repair == nil }
}

extension VerificationFinding: CustomStringConvertible {
    /// One line, in the forms of the reference where it has one.
    public var description: String {
        let done = repair.map { " (\($0))" } ?? ""
        let place = place ?? ""
        switch kind {
        case .damagedBlob, .unreadableBlob, .missingBlob, .wrongSize, .wrongAlias:
            return "Broken blob \"\(digest)\": \(message)\(done)"
        case .brokenImage: return "Broken image \"\(digest)\": \(message)\(done)"
        case .brokenTag: return "Broken imagestream tag \"\(place)\" in position \(position ?? 0): \(message)\(done)"
        case .brokenLink: return "Broken link of \"\(place)\" to \"\(digest)\": \(message)\(done)"
        case .incompleteIndex: return "Incomplete index \"\(digest)\": \(message)\(done)"
        case .unknownFile: return "Unknown file \"\(digest)\": \(message)\(done)"
        }
    }
}

/// How far a verification is, and what it has seen.
public struct VerificationTally: Hashable, Sendable {
    public var blobs: Int64 = 0
    /// Of the blobs that were read.
    public var bytes: Int64 = 0
    public var streams: Int64 = 0
    /// Entries of histories.
    public var events: Int64 = 0
    public var images: Int64 = 0
    /// Of repositories to blobs and manifests.
    public var links: Int64 = 0
    /// What is broken and was not repaired.
    public var broken: Int64 = 0
    public var repaired: Int64 = 0

    public init() {}

    private static let members: [(String, WritableKeyPath<VerificationTally, Int64> & Sendable)] = [
        ("blobs", \.blobs), ("bytes", \.bytes), ("streams", \.streams), ("events", \.events), ("images", \.images),
        ("links", \.links), ("broken", \.broken), ("repaired", \.repaired),
    ]

    public init(_ value: JSONValue) {
        for (name, path) in Self.members { self[keyPath: path] = value[name]?.integerValue ?? 0 }
    }

    public var json: JSONValue {
        var out = JSONObject()
        for (name, path) in Self.members { out[name] = .integer(self[keyPath: path]) }
        return .object(out)
    }
}
