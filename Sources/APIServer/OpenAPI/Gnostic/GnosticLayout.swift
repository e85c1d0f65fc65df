/// How JSON becomes a message.
indirect enum GnosticMessage {
    /// Each member is a field.
    case members(GnosticName)
    /// Repeated pairs of a name and a value at one field.
    case map(GnosticMessage, at: Int = 1)
    /// A message that is a field of another one.
    case wrapped(GnosticMessage, at: Int = 1)
    /// Repeated texts in a message of their own.
    case texts
    case parameter2
    case schemaOrReference
    case defaultValue
}

/// How a member of JSON becomes a field.
enum GnosticForm {
    case text, flag, texts
    case message(GnosticMessage)
    case messages(GnosticMessage)
}

/// The fields of a message by the names of the members; what begins with `x-` goes to `extensions`.
struct GnosticLayout {
    var fields: [String: (number: Int, form: GnosticForm)]
    var extensions: Int?
}

/// The messages whose members are fields; the number is the version of OpenAPI.
enum GnosticName {
    case document2, info2, pathItem2, operation2, bodyParameter2, pathParameter2, queryParameter2, response2, schema2
    case security2
    case document3, info3, pathItem3, operation3, parameter3, requestBody3, response3, mediaType3, components3
    case schema3, reference3, security3

    var layout: GnosticLayout { version2 ?? version3 ?? GnosticLayout(fields: [:]) }
}
