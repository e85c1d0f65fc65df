import APIMachinery
import JSON

/// Reads and validates the options of a request from its query (spec/api-machinery.md 1.4, 4.2, 7).
struct OptionsDecoder {
    let query: QueryParameters

    // MARK: Writes

    /// - Parameter kind: `CreateOptions`, `UpdateOptions` or `PatchOptions`.
    func writeOptions(kind: String, isApply: Bool = false) throws -> WriteOptions {
        var errors: [FieldError] = []
        let dryRun = query.all("dryRun")
        errors += Self.dryRunErrors(dryRun)
        let manager = query["fieldManager"] ?? ""
        if kind == "PatchOptions" {
            if isApply && manager.isEmpty {
                errors.append(.required("fieldManager", "is required for apply patch"))
            }
            if !isApply && query["force"] != nil {
                errors.append(.forbidden("force", "may not be specified for non-apply patch"))
            }
        }
        errors += Self.fieldManagerErrors(manager)
        let validation = query["fieldValidation"] ?? ""
        if !validation.isEmpty && WriteOptions.FieldValidation(rawValue: validation) == nil {
            errors.append(
                .notSupported("fieldValidation", .string(validation), supported: ["", "Ignore", "Strict", "Warn"]))
        }
        try Self.check(errors, kind: kind)
        return WriteOptions(
            isDryRun: !dryRun.isEmpty, fieldManager: manager,
            fieldValidation: WriteOptions.FieldValidation(rawValue: validation) ?? .warn,
            isApply: isApply, force: isApply && query.flag("force") == true)
    }

    private static func fieldManagerErrors(_ manager: String) -> [FieldError] {
        var errors: [FieldError] = []
        if manager.utf8.count > 128 {
            errors.append(.tooLong("fieldManager", "may not be more than 128 bytes"))
        }
        for (index, scalar) in manager.unicodeScalars.enumerated() where !isPrintable(scalar) {
            let code = String(scalar.value, radix: 16, uppercase: true)
            let padded = String(repeating: "0", count: max(0, 4 - code.count)) + code
            errors.append(
                .invalid("fieldManager", .string(manager), "invalid character U+\(padded) (at position \(index))"))
        }
        return errors
    }

    static func dryRunErrors(_ values: [String]) -> [FieldError] {
        guard values.contains(where: { $0 != "All" }) else { return [] }
        return [
            .notSupported("dryRun", .json(.array(values.map { .string($0) })), supported: ["All"])
        ]
    }

    // MARK: Deletes

    /// The options of a delete: from the body where there is one, else from the query (3.7).
    func deleteOptions(body: DeleteOptions?) throws -> DeleteOptions {
        var options = body ?? DeleteOptions()
        if body == nil {
            options.dryRun = query.all("dryRun")
            options.gracePeriodSeconds = try query.integer("gracePeriodSeconds")
            options.orphanDependents = query.flag("orphanDependents")
            options.propagationPolicy = query["propagationPolicy"]
        }
        var errors: [FieldError] = []
        if options.orphanDependents != nil, let policy = options.propagationPolicy {
            errors.append(
                .invalid(
                    "propagationPolicy", .string(policy), "orphanDependents and deletionPropagation cannot be both set")
            )
        }
        if let policy = options.propagationPolicy, !["Foreground", "Background", "Orphan"].contains(policy) {
            errors.append(
                .notSupported(
                    "propagationPolicy", .string(policy), supported: ["Foreground", "Background", "Orphan", "nil"]))
        }
        errors += Self.dryRunErrors(options.dryRun)
        try Self.check(errors, kind: "DeleteOptions")
        return options
    }

    // MARK: Reads

    func getOptions() throws -> GetOptions {
        if query.flag("export") == true {
            throw APIError.badRequest("the export parameter, deprecated since v1.14, is no longer supported")
        }
        return GetOptions(
            resourceVersion: query["resourceVersion"] ?? "", limit: query["limit"].flatMap { Int($0) } ?? 0,
            continueToken: query["continue"] ?? "")
    }

    /// - Parameter name: set on the old watch paths that name one object.
    func listOptions(isWatch: Bool, name: String? = nil) throws -> ListOptions {
        var options = ListOptions()
        options.limit = Int(try query.integer("limit") ?? 0)
        options.timeoutSeconds = try query.integer("timeoutSeconds").map { Int(clamping: $0) }
        options.continueToken = query["continue"] ?? ""
        options.resourceVersion = query["resourceVersion"] ?? ""
        options.allowWatchBookmarks = query.flag("allowWatchBookmarks") ?? false
        options.sendInitialEvents = query.flag("sendInitialEvents")
        let match = query["resourceVersionMatch"] ?? ""
        try Self.check(Self.matchErrors(options, match: match, isWatch: isWatch), kind: "ListOptions")
        options.resourceVersionMatch = ListOptions.Match(rawValue: match)
        do {
            options.labelSelector = try LabelSelector(parsing: query["labelSelector"] ?? "")
            options.fieldSelector = try FieldSelector(parsing: query["fieldSelector"] ?? "")
        } catch {
            throw APIError.badRequest(error.text)
        }
        if let name {
            if let required = options.fieldSelector.required("metadata.name"), required != name {
                throw APIError.badRequest("fieldSelector metadata.name doesn't match requested name")
            }
            options.fieldSelector.requirements.append(.init(field: "metadata.name", value: name))
        }
        return options
    }

    /// The table of spec/api-machinery.md 4.2.
    private static func matchErrors(_ options: ListOptions, match: String, isWatch: Bool) -> [FieldError] {
        let field = "resourceVersionMatch"
        var errors: [FieldError] = []
        if isWatch {
            if options.sendInitialEvents != nil {
                if match != "NotOlderThan" {
                    errors.append(
                        .forbidden(field, "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan"))
                }
            } else if !match.isEmpty {
                errors.append(
                    .forbidden(
                        field, "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided"))
            }
            if !match.isEmpty && match != "NotOlderThan" {
                errors.append(.notSupported(field, .string(match), supported: ["NotOlderThan"]))
            }
            if !options.continueToken.isEmpty {
                errors.append(.forbidden(field, "resourceVersionMatch is forbidden when continue is provided"))
            }
            return errors
        }
        if options.sendInitialEvents != nil {
            errors.append(.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
        }
        guard !match.isEmpty else { return errors }
        if options.resourceVersion.isEmpty {
            errors.append(
                .forbidden(field, "resourceVersionMatch is forbidden unless resourceVersion is provided"))
        }
        if !options.continueToken.isEmpty {
            errors.append(.forbidden(field, "resourceVersionMatch is forbidden when continue is provided"))
        }
        if ListOptions.Match(rawValue: match) == nil {
            errors.append(.notSupported(field, .string(match), supported: ["Exact", "NotOlderThan", ""]))
        }
        if match == "Exact" && options.resourceVersion == "0" {
            errors.append(
                .forbidden(field, "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""))
        }
        return errors
    }

    static func check(_ errors: [FieldError], kind: String) throws(APIError) {
        guard errors.isEmpty else {
            throw .invalid(GroupResource(group: "meta.k8s.io", resource: kind), "", errors)
        }
    }
}
