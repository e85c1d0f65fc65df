import Crypto
import Foundation
import Store

/// The keys of a server: the first one encrypts, all of them decrypt.
public struct EncryptionKeys: Sendable {
    /// Never empty.
    public let keys: [EncryptionKey]
    private let byID: [EncryptionKeyID: EncryptionKey]

    public init(_ first: EncryptionKey, _ older: [EncryptionKey] = []) {
        keys = [first] + older
        byID = Dictionary(keys.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
    }

    var first: EncryptionKey { keys[0] }

    /// Encrypts a value for one place of the store: elsewhere it does not decrypt.
    /// - Throws: `StoreError.io` where the cipher fails, which it has no reason to.
    func seal(_ value: [UInt8], for key: String) throws(StoreError) -> [UInt8] {
        let head = SealedValue.head(first.id)
        do {
            let box = try AES.GCM.seal(value, using: first.key, authenticating: head + Array(key.utf8))
            return head + Array(box.nonce) + Array(box.ciphertext) + Array(box.tag)
        } catch {
            throw .io("\(key) cannot be encrypted")
        }
    }

    /// Decrypts what `seal` made; a value that was stored before there was encryption is returned as it is.
    /// - Throws: `StoreError.corrupt` where the key is unknown, or the value was changed or moved.
    func open(_ value: [UInt8], of key: String) throws(StoreError) -> [UInt8] {
        guard let sealed = SealedValue(value) else { return value }
        guard let used = byID[sealed.keyID] else {
            throw .corrupt(
                path: key,
                detail: "it is encrypted with the key \(sealed.keyID), which is not in the key file. "
                    + "Put the right key file back, or add that key to it")
        }
        do {
            let box = try AES.GCM.SealedBox(
                nonce: AES.GCM.Nonce(data: sealed.nonce), ciphertext: sealed.ciphertext, tag: sealed.tag)
            return Array(try AES.GCM.open(box, using: used.key, authenticating: sealed.head + Array(key.utf8)))
        } catch {
            throw .corrupt(path: key, detail: "its encrypted value was changed, or belongs to another key")
        }
    }
}

/// The stored form of an encrypted value: a mark, the id of the key, the nonce, the ciphertext and its tag.
///
/// Objects are JSON and begin with `{`, so nothing else begins with the mark.
struct SealedValue {
    private static let mark: [UInt8] = [0] + Array("weir".utf8) + [1]
    private static let nonceBytes = 12
    private static let tagBytes = 16

    let head: ArraySlice<UInt8>
    let keyID: EncryptionKeyID
    let nonce: ArraySlice<UInt8>
    let ciphertext: ArraySlice<UInt8>
    let tag: ArraySlice<UInt8>

    /// - Returns: nil for a value that is not encrypted. One cut short is damaged, and does not decrypt.
    init?(_ value: [UInt8]) {
        guard value.starts(with: Self.mark) else { return nil }
        let headEnd = min(value.count, Self.mark.count + EncryptionKeyID.count)
        head = value[..<headEnd]
        keyID = EncryptionKeyID(bytes: Array(head.dropFirst(Self.mark.count)))
        let rest = value[headEnd...]
        nonce = rest.prefix(Self.nonceBytes)
        ciphertext = rest.dropFirst(Self.nonceBytes).dropLast(Self.tagBytes)
        tag = rest.dropFirst(Self.nonceBytes).suffix(Self.tagBytes)
    }

    static func head(_ id: EncryptionKeyID) -> [UInt8] { mark + id.bytes }
}
