import JSON

/// The end of a trigger's path, which names one container of a pod spec: `containers[SEL].image`, where SEL is an index or
/// `?(@.name=="NAME")`.
struct ContainerSelector: Hashable, Sendable {
    enum Choice: Hashable, Sendable {
        case index(Int)
        case name(String)
    }

    /// `containers` or `initContainers`.
    var list: String
    var choice: Choice

    private static let lists = ["initContainers", "containers"]
    private static let nameHead = #"?(@.name==""#
    private static let nameTail = #"")"#

    /// - Returns: nil for any other form.
    init?(_ text: some StringProtocol) {
        guard let open = text.firstIndex(of: "["), text.hasSuffix("].image") else { return nil }
        list = String(text[..<open])
        let selector = text[text.index(after: open)...].dropLast("].image".count)
        guard Self.lists.contains(list) else { return nil }
        if !selector.isEmpty, selector.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }) {
            guard let index = Int(selector) else { return nil }
            choice = .index(index)
        } else if selector.hasPrefix(Self.nameHead), selector.hasSuffix(Self.nameTail),
            selector.count >= Self.nameHead.count + Self.nameTail.count
        {
            choice = .name(String(selector.dropFirst(Self.nameHead.count).dropLast(Self.nameTail.count)))
        } else {
            return nil
        }
    }

    /// Where the container is, and its image. A name is looked for in both lists, whichever the path names: they share
    /// their names.
    func container(in podSpec: JSONValue?) -> (list: String, index: Int, image: String)? {
        func containers(_ list: String) -> [JSONValue] { podSpec?[list]?.arrayValue?.elements ?? [] }
        switch choice {
        case .index(let index):
            let own = containers(list)
            return own.indices.contains(index) ? (list, index, own[index]["image"]?.stringValue ?? "") : nil
        case .name(let name):
            for list in Self.lists {
                let own = containers(list)
                if let index = own.firstIndex(where: { $0["name"]?.stringValue == name }) {
                    return (list, index, own[index]["image"]?.stringValue ?? "")
                }
            }
            return nil
        }
    }
}
