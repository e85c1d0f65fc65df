import APIMachinery
import JSON

/// Definitions of OpenAPI that are no structs of the schema: values with a JSON form of their own, and the two
/// documents that wrap any object.
enum WellKnownDefinitions {
    private static let meta = "io.k8s.apimachinery.pkg.apis.meta.v1."
    static let time = meta + "Time"
    static let microTime = meta + "MicroTime"
    static let fields = meta + "FieldsV1"
    static let patch = meta + "Patch"
    static let watchEvent = meta + "WatchEvent"
    static let quantity = "io.k8s.apimachinery.pkg.api.resource.Quantity"
    static let anyJSON = "io.k8s.apimachinery.pkg.runtime.RawExtension"

    /// The definition called `name`; nil for names of declared types.
    /// - Parameter versions: the group versions served, each of which has watch events.
    static func definition(_ name: String, versions: [GroupVersion]) -> JSONValue? {
        switch name {
        case time: ["description": .string(timeText), "type": "string", "format": "date-time"]
        case microTime:
            ["description": "A moment with microseconds.", "type": "string", "format": "date-time"]
        case quantity:
            ["description": .string(quantityText), "oneOf": [["type": "string"], ["type": "number"]]]
        case fields: ["description": .string(fieldsText), "type": "object"]
        case patch: ["description": .string(patchText), "type": "object"]
        case anyJSON: ["description": .string(anyText), "type": "object"]
        case watchEvent:
            [
                "description": "Event represents a single event to a watched resource.", "type": "object",
                "required": ["type", "object"],
                "properties": [
                    "object": [
                        "description": .string(eventObjectText),
                        "allOf": [["$ref": .string(SchemaDefinitions.reference + anyJSON)]],
                    ],
                    "type": ["type": "string", "default": ""],
                ],
                "x-kubernetes-group-version-kind": .array(
                    versions.map {
                        SchemaDefinitions.identity(
                            GroupVersionKind(group: $0.group, version: $0.version, kind: "WatchEvent"))
                    }),
            ]
        default: nil
        }
    }

    private static let timeText = """
        Time is a wrapper around time.Time which supports correct marshaling to YAML and JSON.  Wrappers are provided \
        for many of the factory methods that the time package offers.
        """

    private static let quantityText = """
        Quantity is a fixed-point representation of a number: a signed number with a suffix, such as 2, 500m, 10k or \
        1Gi. The suffix is one of n, u, m, k, M, G, T, P, E (powers of ten), Ki, Mi, Gi, Ti, Pi, Ei (powers of 1024), \
        or e with a decimal exponent. A number that cannot be represented to nine decimals is rounded up. What is \
        served is in canonical form: without fraction, and with the largest suffix that allows it.
        """

    private static let fieldsText = """
        FieldsV1 stores a set of fields in a data structure like a Trie, in JSON format.

        Each key is either a '.' representing the field itself, and will always map to an empty set, or a string \
        representing a sub-field or item. The string will follow one of these four formats: 'f:<name>', where <name> \
        is the name of a field in a struct, or key in a map 'v:<value>', where <value> is the exact json formatted \
        value of a list item 'i:<index>', where <index> is position of a item in a list 'k:<keys>', where <keys> is a \
        map of  a list item's key fields to their unique values If a key maps to an empty Fields value, the field that \
        key represents is part of the set.

        The exact format is defined in sigs.k8s.io/structured-merge-diff
        """

    private static let patchText = """
        Patch is provided to give a concrete name and type to the Kubernetes PATCH request body.
        """

    private static let eventObjectText = """
        Object is:
         * If Type is Added or Modified: the new state of the object.
         * If Type is Deleted: the state of the object immediately before deletion.
         * If Type is Error: *Status is recommended; other types may make sense
           depending on context.
        """

    private static let anyText = """
        RawExtension is used to hold extensions in external versions.

        To use this, make a field which has RawExtension as its type in your external, versioned struct, and Object in \
        your internal struct. You also need to register your various plugin types.

        // Internal package:

        \ttype MyAPIObject struct {
        \t\truntime.TypeMeta `json:",inline"`
        \t\tMyPlugin runtime.Object `json:"myPlugin"`
        \t}

        \ttype PluginA struct {
        \t\tAOption string `json:"aOption"`
        \t}

        // External package:

        \ttype MyAPIObject struct {
        \t\truntime.TypeMeta `json:",inline"`
        \t\tMyPlugin runtime.RawExtension `json:"myPlugin"`
        \t}

        \ttype PluginA struct {
        \t\tAOption string `json:"aOption"`
        \t}

        // On the wire, the JSON will look something like this:

        \t{
        \t\t"kind":"MyAPIObject",
        \t\t"apiVersion":"v1",
        \t\t"myPlugin": {
        \t\t\t"kind":"PluginA",
        \t\t\t"aOption":"foo",
        \t\t},
        \t}

        So what happens? Decode first uses json or yaml to unmarshal the serialized data into your external \
        MyAPIObject. That causes the raw JSON to be stored, but not unpacked. The next step is to copy (using \
        pkg/conversion) into the internal struct. The runtime package's DefaultScheme has conversion functions \
        installed which will unpack the JSON stored in RawExtension, turning it into the correct object type, and \
        storing it in the Object. (TODO: In the case where the object is of an unknown type, a runtime.Unknown object \
        will be created and stored.)
        """
}
