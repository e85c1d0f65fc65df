import APIServer

/// The service accounts and secrets that are kept here, as tokens ask for them.
public struct AccountObjects: ServiceAccountLookup {
    private let accounts: ServiceAccounts
    private let secrets: Secrets

    public init(accounts: ServiceAccounts, secrets: Secrets) {
        self.accounts = accounts
        self.secrets = secrets
    }

    public func serviceAccount(_ name: String, namespace: String) async throws -> TokenSubject? {
        try await accounts.objects.object(name, namespace: namespace).map { TokenSubject($0.metadata) }
    }

    public func secret(_ name: String, namespace: String) async throws -> TokenSubject? {
        try await secrets.objects.object(name, namespace: namespace).map { TokenSubject($0.metadata) }
    }
}
