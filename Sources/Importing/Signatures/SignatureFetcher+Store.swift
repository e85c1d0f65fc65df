import Dispatch
import RegistryClient

extension SignatureFetcher {
    /// Reads signature 1, 2, … of a lookaside store until one is missing.
    func readStore(
        _ image: SignedImage, _ client: RegistryClient, _ found: inout SignatureCollection
    ) async throws(SignatureFailure) {
        let store = lookaside.store(for: image.reference)
        for number in 1...configuration.maxNumber {
            guard !found.isFull, let location = store.location(of: number, for: image) else { return }
            switch location {
            case .file(let path):
                guard let content = try await Self.file(at: path, maxBytes: configuration.maxBytes) else { return }
                found.add(content)
            case .url(let url):
                guard try await readDocument(url, client, &found) else { return }
            }
        }
        throw .unreasonable(configuration.maxNumber)
    }

    /// - Returns: false where there is no such document.
    private func readDocument(
        _ url: String, _ client: RegistryClient, _ found: inout SignatureCollection
    ) async throws(SignatureFailure) -> Bool {
        do {
            switch try await client.document(at: url, unless: known(url, found), maxBytes: configuration.maxBytes) {
            case .missing: return false
            case .unchanged: noteUnchanged(url, &found)
            case .found(let content, let validators):
                let name = found.add(content)
                remember(url, validators, name.map { [$0] } ?? [])
            }
            return true
        } catch {
            throw .registry(error)
        }
    }

    /// The content of a file; nil where there is none. Read apart: file systems may be slow, and the few threads of the
    /// concurrency pool belong to everybody.
    private static func file(at path: String, maxBytes: Int) async throws(SignatureFailure) -> [UInt8]? {
        let outcome: Result<[UInt8]?, SignatureFailure> = await withCheckedContinuation { continuation in
            DispatchQueue.global().async {
                continuation.resume(returning: PlainFile.content(of: path, maxBytes: maxBytes))
            }
        }
        return try outcome.get()
    }
}
