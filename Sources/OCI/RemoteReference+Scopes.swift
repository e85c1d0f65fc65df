extension RemoteReference {
    /// The names by which container configuration (`containers-registries.d(5)`, `containers-policy.json(5)`) may speak
    /// of this manifest, the most specific first: itself, its repository, the repository's parents, the host with its
    /// port, and `*.` with each parent domain of the host.
    ///
    ///     h.example.com:5000/a/b@sha256:…
    ///     h.example.com:5000/a/b
    ///     h.example.com:5000/a
    ///     h.example.com:5000
    ///     *.example.com
    ///     *.com
    public var scopes: [String] {
        var scopes = [description]
        var name = repository.description[...]
        while true {
            scopes.append(String(name))
            guard let slash = name.lastIndex(of: "/") else { break }
            name = name[..<slash]
        }
        var domain = name.prefix { $0 != ":" }
        while let dot = domain.firstIndex(of: ".") {
            domain = domain[domain.index(after: dot)...]
            scopes.append("*.\(domain)")
        }
        return scopes
    }
}
