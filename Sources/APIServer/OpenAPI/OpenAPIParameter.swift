import APIMachinery

/// A parameter of a request as OpenAPI describes it.
struct OpenAPIParameter: Sendable, Hashable {
    enum Place: String, Sendable {
        case path, query
    }

    enum ValueType: String, Sendable {
        case string, integer, boolean
    }

    var name: String
    var place = Place.query
    var type: ValueType
    var description: String

    init(_ name: String, _ type: ValueType, _ description: String) {
        self.name = name
        self.type = type
        self.description = description
    }

    /// The `{name}` in the path of an object.
    static func objectName(kind: String) -> OpenAPIParameter {
        var parameter = OpenAPIParameter("name", .string, "name of the \(kind)")
        parameter.place = .path
        return parameter
    }

    /// The `{namespace}` in a path.
    static let namespace = {
        var parameter = OpenAPIParameter(
            "namespace", .string, "object name and auth scope, such as for teams and projects")
        parameter.place = .path
        return parameter
    }()

    /// What creates and updates take.
    static let write = [dryRun, fieldManager, fieldValidation]
    static let patch = [dryRun, patchManager, fieldValidation, force]
    /// What deletes take; they can also be members of the body, whose descriptions they share.
    static let delete = [
        dryRun, option("gracePeriodSeconds", .integer),
        option("ignoreStoreReadErrorWithClusterBreakingPotential", .boolean), option("orphanDependents", .boolean),
        option("propagationPolicy", .string),
    ]

    private static let dryRun = option("dryRun", .string)

    private static func option(_ name: String, _ type: ValueType) -> OpenAPIParameter {
        OpenAPIParameter(name, type, DeleteOptions.schema.documentation(of: name))
    }

    static let pretty = OpenAPIParameter(
        "pretty", .string,
        """
        If 'true', then the output is pretty printed. Defaults to 'false' unless the user-agent indicates a \
        browser or command-line HTTP tool (curl and wget).
        """)

    private static let fieldManager = OpenAPIParameter(
        "fieldManager", .string,
        """
        fieldManager is a name associated with the actor or entity that is making these changes. The value must be \
        less than or 128 characters long, and only contain printable characters, as defined by \
        https://golang.org/pkg/unicode/#IsPrint.
        """)

    private static let patchManager = OpenAPIParameter(
        "fieldManager", .string,
        """
        fieldManager is a name associated with the actor or entity that is making these changes. The value must be \
        less than or 128 characters long, and only contain printable characters, as defined by \
        https://golang.org/pkg/unicode/#IsPrint. This field is required for apply requests \
        (application/apply-patch) but optional for non-apply patch types (JsonPatch, MergePatch, \
        StrategicMergePatch).
        """)

    private static let fieldValidation = OpenAPIParameter(
        "fieldValidation", .string,
        """
        fieldValidation instructs the server on how to handle objects in the request (POST/PUT/PATCH) containing \
        unknown or duplicate fields. Valid values are: - Ignore: This will ignore any unknown fields that are \
        silently dropped from the object, and will ignore all but the last duplicate field that the decoder \
        encounters. This is the default behavior prior to v1.23. - Warn: This will send a warning via the standard \
        warning response header for each unknown field that is dropped from the object, and for each duplicate \
        field that is encountered. The request will still succeed if there are no other errors, and will only \
        persist the last of any duplicate fields. This is the default in v1.23+ - Strict: This will fail the \
        request with a BadRequest error if any unknown fields would be dropped from the object, or if any \
        duplicate fields are present. The error returned from the server will contain all unknown and duplicate \
        fields encountered.
        """)

    private static let force = OpenAPIParameter(
        "force", .boolean,
        """
        Force is going to "force" Apply requests. It means user will re-acquire conflicting fields owned by \
        other people. Force flag must be unset for non-apply patch requests.
        """)
}
